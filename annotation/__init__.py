"""The annotation workflow: Label Studio interface, push, pull, agreement."""
