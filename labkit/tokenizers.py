"""Text to whole numbers and back: by letters, by byte pairs, by pieces of words.

A language model never sees text. What it sees, how long it is, and which words it can spell at all
is decided here, before any training. Standard library only.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

END = "</w>"  # of a word, in Sennrich's algorithm: "est" in "newest" is not "est" in "estate"
# Words with the space before them, numbers, what is left, spaces: GPT-2's cut, which no merge
# crosses. [^\W\d_] is a letter and \d a digit; `re` has no \p{L} and \p{N}.
_CHUNKS = re.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+", re.UNICODE
)


class CharTokenizer:
    """One number for each character of a text, in the order of their code points.

    Raises ValueError if the text is empty, or later for a character that it does not have.

    >>> tokenizer = CharTokenizer("hello")
    >>> tokenizer.encode("hole")
    [1, 3, 2, 0]
    >>> tokenizer.decode([1, 0, 2, 2, 3]), len(tokenizer)
    ('hello', 4)
    """

    def __init__(self, text: Iterable[str]):
        self.characters = sorted(set(text))
        if not self.characters:
            raise ValueError("text must have at least one character; got none")
        self._ids = {character: i for i, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Return the number of each character."""
        for character in text:
            if character not in self._ids:
                raise ValueError(f"text must have known characters only; got {character!r}")
        return [self._ids[character] for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the numbers."""
        return "".join(self.characters[i] for i in _checked(ids, len(self)))


def learn_merges(words: dict[tuple, int], count: int) -> list[tuple]:
    """Return the pairs of symbols that byte-pair encoding merges, the most frequent one each time.

    words maps each word, as a tuple of symbols (text or bytes), to how often it occurs. Of pairs
    that occur equally often the one met first is taken, as in the published listing. Ends early
    when no pair is left.

    >>> text = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    >>> words = {(*word, END): n for word, n in text.items()}
    >>> ["".join(pair) for pair in learn_merges(words, 10)]
    ['es', 'est', 'est</w>', 'lo', 'low', 'ne', 'new', 'newest</w>', 'low</w>', 'wi']

    [Sennrich et al. 2016, algorithm 1]
    """
    merges: list[tuple] = []
    while len(merges) < count:
        pairs: Counter[tuple] = Counter()
        for word, n in words.items():
            for pair in pairwise(word):
                pairs[pair] += n
        if not pairs:
            break
        best = max(pairs, key=pairs.__getitem__)  # the first of the largest
        merges.append(best)
        merged: Counter[tuple] = Counter()
        for word, n in words.items():
            merged[_merged(word, best)] += n  # two cuts of one word may have become the same
        words = merged
    return merges


class BytePairTokenizer:
    """Numbers for pieces of text that occur often, grown from the 256 bytes; any text has one.

    Text is cut into words with the space before them, numbers and the rest, each piece into the
    bytes of its UTF-8; then pairs that occur often together become one token. What no training text
    had is spelt in bytes, so every text comes back from its numbers as it was.

    Numbers 0 to 255 are the bytes, then come what the merges make, in order, then the special
    tokens, which stand for themselves wherever `encode` is told to look for them.

    Raises ValueError if a merge joins what is no token yet, or special tokens are alike or empty;
    later for text with half of a surrogate pair, which stands for no character and has no UTF-8.

    >>> tokenizer = BytePairTokenizer.train("low low lower lowest", vocabulary_size=259)
    >>> tokenizer.encode("low lower")
    [257, 258, 101, 114]
    >>> tokenizer.decode([257, 258, 101, 114])
    'low lower'
    >>> tokenizer.decode(tokenizer.encode("naïve 😀"))
    'naïve 😀'

    [Sennrich et al. 2016, section 3.2; on bytes: Radford et al. 2019, section 2.2]
    """

    def __init__(self, merges: Iterable[tuple[bytes, bytes]] = (), special: Sequence[str] = ()):
        self.merges, self.special = list(merges), list(special)
        self.tokens = [bytes([i]) for i in range(256)]
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        for a, b in self.merges:
            if a not in self._ids or b not in self._ids:
                raise ValueError(f"merges must join earlier tokens; got {a!r}, {b!r}")
            if a + b not in self._ids:  # two ways to one token give it one number
                self._ids[a + b] = len(self.tokens)
                self.tokens.append(a + b)
        if len(set(self.special)) < len(self.special) or "" in self.special:
            raise ValueError(f"special tokens must differ and not be empty; got {self.special}")
        self._first_special = len(self.tokens)
        self.tokens += [_utf8("special", token) for token in self.special]
        self._ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self._cache: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls, text: str, *, vocabulary_size: int, special: Sequence[str] = ()
    ) -> "BytePairTokenizer":
        """Learn merges from a text until there are vocabulary_size tokens, special ones included.

        Fewer come of it where the text has no pair left to merge.

        Raises ValueError if vocabulary_size has no room for the bytes and the special tokens.
        """
        least = 256 + len(special)
        if vocabulary_size < least:
            raise ValueError(
                f"vocabulary_size must be at least {least}, the bytes and the special tokens; "
                f"got {vocabulary_size}"
            )
        words = Counter(_as_bytes(chunk) for chunk in _CHUNKS.findall(text))
        return cls(learn_merges(words, vocabulary_size - least), special)

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Return the numbers of a text; special tokens in it are looked for only if asked."""
        if not (special and self.special):
            return [i for chunk in _CHUNKS.findall(text) for i in self._encode_chunk(chunk)]
        longest_first = sorted(self.special, key=len, reverse=True)
        parts = re.split(f"({'|'.join(map(re.escape, longest_first))})", text)
        ids = []
        for i, part in enumerate(parts):  # every second part is a special token
            ids += [self.special_id(part)] if i % 2 else self.encode(part)
        return ids

    def special_id(self, token: str) -> int:
        """Return the number of a special token.

        Raises ValueError if there is no such token.
        """
        if token not in self.special:
            raise ValueError(f"token must be one of {self.special}; got {token!r}")
        return self._first_special + self.special.index(token)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of the numbers; bytes that are no UTF-8 show as the sign �."""
        joined = b"".join(self.tokens[i] for i in _checked(ids, len(self)))
        return joined.decode("utf-8", errors="replace")

    def save(self, path: str | Path) -> None:
        """Write merges and special tokens as JSON, each byte as the character of its number."""
        merges = [[a.decode("latin-1"), b.decode("latin-1")] for a, b in self.merges]
        state = {"merges": merges, "special": self.special}
        Path(path).write_text(json.dumps(state), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "BytePairTokenizer":
        """Read what `save` wrote."""
        state = json.loads(Path(path).read_text(encoding="utf-8"))
        merges = [(a.encode("latin-1"), b.encode("latin-1")) for a, b in state["merges"]]
        return cls(merges, state["special"])

    def _encode_chunk(self, chunk: str) -> list[int]:
        """Merge the pair that was learned first among those there, until there is none."""
        if chunk not in self._cache:
            word = _as_bytes(chunk)
            while pairs := self._ranks.keys() & set(pairwise(word)):
                word = _merged(word, min(pairs, key=self._ranks.__getitem__))
            self._cache[chunk] = [self._ids[token] for token in word]
        return self._cache[chunk]


class WordPieceTokenizer:
    """Numbers for words and their pieces: from the left, always the longest piece there is.

    A piece inside a word is written with ## before it. A word that cannot be put together from
    pieces is unknown as a whole, so that not every text comes back.

    Raises ValueError if a piece is there twice, or ``unknown`` is none of them.

    >>> tokenizer = WordPieceTokenizer(["[UNK]", "un", "##aff", "##able", "able"])
    >>> [tokenizer.pieces[i] for i in tokenizer.encode("unaffable able cable")]
    ['un', '##aff', '##able', 'able', '[UNK]']
    >>> tokenizer.decode([1, 2, 3, 4])
    'unaffable able'

    [Wu et al. 2016, section 4.1; greedy as in Devlin et al. 2019's code]
    """

    def __init__(self, pieces: Sequence[str], *, unknown: str = "[UNK]"):
        self.pieces = list(pieces)
        self._ids = {piece: i for i, piece in enumerate(self.pieces)}
        if len(self._ids) < len(self.pieces):
            raise ValueError("pieces must differ; got one twice")
        if unknown not in self._ids:
            raise ValueError(f"unknown must be one of the pieces; got {unknown!r}")
        self.unknown = self._ids[unknown]

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Return the numbers of the pieces of each word; words are cut at spaces and signs."""
        ids = []
        for word in re.findall(r"\w+|[^\w\s]", text):
            ids += self._encode_word(word)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the words, with one space between two."""
        words = " ".join(self.pieces[i] for i in _checked(ids, len(self)))
        return words.replace(" ##", "")

    def _encode_word(self, word: str) -> list[int]:
        ids, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = "##" * (start > 0) + word[start:end]
                if piece in self._ids:
                    break
            else:
                return [self.unknown]
            ids.append(self._ids[piece])
            start = end
        return ids


def _as_bytes(chunk):
    return tuple(bytes([i]) for i in _utf8("text", chunk))


def _utf8(name, text):
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise ValueError(f"{name} must hold no half of a surrogate pair; got {half!r}") from None


def _merged(word, pair):
    """Join every place where the pair stands, from the left."""
    joined, i = [], 0
    while i < len(word):
        here = word[i : i + 2] == pair
        joined.append(word[i] + word[i + 1] if here else word[i])
        i += 2 if here else 1
    return tuple(joined)


def _checked(ids, size):
    for i in ids:
        if not 0 <= i < size:
            raise ValueError(f"ids must lie in [0, {size}); got {i}")
        yield i
