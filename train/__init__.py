"""Training: base encoder, adaptation, fine-tuning, distillation."""
