"""Who may do what: tokens of our own, tokens of an OpenID Connect provider, and what a request's credential says."""
