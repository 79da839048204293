"""Timeline: the public record of diplomacy, kept as immutable events and asked by GraphQL."""
