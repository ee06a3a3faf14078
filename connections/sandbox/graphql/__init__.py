"""POST /graphql/v1. Stands on wire and world."""
