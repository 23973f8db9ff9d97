"""Sources of replies: Anthropic, OpenAI and what is compatible with it, and recordings."""
