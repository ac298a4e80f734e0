"""Versioned prompt templates.

styles.py   the shipped styles (data/prompts/*.toml), newest version first choice; a free prompt is a style of its own
"""

from pipeline.prompts.styles import Prompt, Style, avatar_prompt, load_styles, motion_prompt, prompt_warnings

__all__ = ["Prompt", "Style", "avatar_prompt", "load_styles", "motion_prompt", "prompt_warnings"]
