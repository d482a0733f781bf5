"""The commands of the ``fazhi`` program, one module each."""
