"""Sentences and their words (JSON on stdin) → the order LexRank, TextRank and LSA of sumy put them in (JSON on stdout).

Run by `local_quality` in an interpreter that has sumy and numpy; nothing else of the project is imported.
"""

import json
import sys
import warnings


class Words:
    """sumy's tokenizer, with the sentences and words already found."""

    def __init__(self, known):
        self.known = known

    def to_words(self, sentence):
        return tuple(self.known[str(sentence)])

    def to_sentences(self, paragraph):
        return (paragraph,)


def ordered(summarizer_class):
    """The summarizer, giving all sentence numbers by rating instead of the best few."""

    class Ordered(summarizer_class):
        def _get_best_sentences(self, sentences, count, rating, *args, **kwargs):
            rate = (lambda s: rating[s]) if isinstance(rating, dict) else (lambda s: rating(s, *args, **kwargs))
            rates = [rate(sentence) for sentence in sentences]
            return tuple(sorted(range(len(rates)), key=lambda i: -rates[i]))

    return Ordered


def orders(sentences):
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
    from sumy.summarizers.lex_rank import LexRankSummarizer
    from sumy.summarizers.lsa import LsaSummarizer
    from sumy.summarizers.text_rank import TextRankSummarizer

    tokenizer = Words(dict(sentences))
    for name, kind in (("LexRank", LexRankSummarizer), ("TextRank", TextRankSummarizer), ("LSA", LsaSummarizer)):
        document = ObjectDocumentModel([Paragraph([Sentence(text, tokenizer) for text, _ in sentences])])
        yield name, list(ordered(kind)()(document, 1))


def main():
    warnings.simplefilter("ignore")
    found = {}
    for case in json.load(sys.stdin)["cases"]:
        for name, order in orders(case):
            found.setdefault(name, []).append(order)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
