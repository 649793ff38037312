"""What the families have in common that train networks of transformers on texts: nets, lessons and the Trainer."""
