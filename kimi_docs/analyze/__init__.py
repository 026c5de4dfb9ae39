"""Extractions → claims whose quotes were looked up: chunks, prompts, engines, citations."""
