"""What people see of a reading, decided once and drawn in many places.

`verdict` says it as plain data, `naming` what sounds are called, `written` which part of the text a word is.
"""
