"""Models to compare with: rules, linear-chain CRFs, spaCy."""
