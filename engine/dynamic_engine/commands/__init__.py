"""The command line: what there is, how it is read, what each verb does, what is printed."""
