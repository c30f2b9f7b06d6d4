"""The languages that planners read: catalogues of words, and dates as they write them."""

from greedy.wording.words import ENGLISH, LANGUAGES, Language, Words, words_of

__all__ = ["ENGLISH", "LANGUAGES", "Language", "Words", "words_of"]
