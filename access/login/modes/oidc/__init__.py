"""AUTH_MODE=oidc: people sign in at a provider of identities, by OpenID Connect."""
