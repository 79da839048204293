"""Taking in what others have recorded: recognise, write what is new or changed, set aside what cannot be."""
