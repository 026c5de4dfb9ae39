"""The Kimi platform: the only package that speaks to a provider, and the only one that imports openai."""
