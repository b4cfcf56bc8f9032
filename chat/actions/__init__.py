"""What a person does with what was said: asks again, edits, branches, looks at others."""
