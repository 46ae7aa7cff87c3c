"""Controls of frameworks, in the forms that have more than a list of ids for them."""
