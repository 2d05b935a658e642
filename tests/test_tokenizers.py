"""Tokenizers: the published example, any text there and back, and what is refused."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.tokenizers import (
    END,
    BytePairTokenizer,
    CharTokenizer,
    WordPieceTokenizer,
    learn_merges,
)

# Sennrich et al. 2016, section 3.2: the words of their listing and how often they occur
DICTIONARY = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
TEXT = "the cat sat on the mat; the other cat's hat, and that's that. naïve 12 21 12\n"


def bpe(size=280, special=()):
    return BytePairTokenizer.train(TEXT, vocabulary_size=size, special=special)


# --- characters ----------------------------------------------------------------------------------


@given(st.text(min_size=1))
def test_characters_go_there_and_back(text):
    tokenizer = CharTokenizer(text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) == len(text)
    assert set(ids) == set(range(len(tokenizer)))


def test_characters_are_numbered_by_code_point():
    assert CharTokenizer("cab€a").characters == ["a", "b", "c", "€"]
    assert CharTokenizer("ba").encode("") == []


def test_an_unknown_character_is_named():
    with pytest.raises(ValueError, match="text must have known characters only; got 'x'"):
        CharTokenizer("abc").encode("abxc")
    with pytest.raises(ValueError, match="at least one character"):
        CharTokenizer("")


# --- byte pairs ----------------------------------------------------------------------------------


def test_the_published_example():
    """The first ten merges that the listing of the paper prints, ties and all."""
    words = {(*word, END): n for word, n in DICTIONARY.items()}
    assert learn_merges(words, 10) == [
        ("e", "s"),
        ("es", "t"),
        ("est", END),
        ("l", "o"),
        ("lo", "w"),
        ("n", "e"),
        ("ne", "w"),
        ("new", "est" + END),
        ("low", END),
        ("w", "i"),
    ]


def test_counts_by_hand():
    """One pair occurs twice; three in a row join from the left; nothing joins where nothing is."""
    assert learn_merges({tuple("ab"): 1, tuple("bc"): 2}, 1) == [("b", "c")]
    assert learn_merges({("a", "a", "a"): 1}, 5) == [("a", "a"), ("aa", "a")]
    assert learn_merges({}, 3) == []
    assert learn_merges({tuple("ab"): 1}, 0) == []


symbols = st.lists(st.sampled_from(["a", "b", "c", "ab", "</w>"]), min_size=1, max_size=6)


@given(st.dictionaries(symbols.map(tuple), st.integers(1, 9), max_size=5), st.integers(0, 8))
def test_merges_are_those_of_the_algorithm_on_text(words, count):
    """Every word a text with blanks between its symbols, the pair found and joined as text."""
    texts, merges = [[" ".join(word), n] for word, n in words.items()], []
    while len(merges) < count:
        seen = {}
        for text, n in texts:
            parts = text.split()
            for i in range(len(parts) - 1):
                pair = (parts[i], parts[i + 1])
                seen[pair] = seen.get(pair, 0) + n
        if not seen:
            break
        merges.append(sorted(seen, key=seen.get, reverse=True)[0])
        apart = re.compile(rf"(?<!\S){' '.join(map(re.escape, merges[-1]))}(?!\S)")
        texts = [[apart.sub("".join(merges[-1]), text), n] for text, n in texts]
    assert learn_merges(words, count) == merges


def test_two_cuts_of_one_word_count_together_once_they_are_the_same():
    """Once a and b are joined, ab c occurs 1 + 2 times, more often than x y."""
    words = {("x", "y"): 2, ("a", "b", "c"): 1, ("ab", "c"): 2, ("a", "b"): 9}
    assert learn_merges(words, 2) == [("a", "b"), ("ab", "c")]


def slowly_encoded(tokenizer, text):
    """The rule as it stands in the paper: every merge in its order, over the whole text."""
    ids = []
    for chunk in pieces(text):
        word = [bytes([b]) for b in chunk.encode()]
        for a, b in tokenizer.merges:
            i = 0
            while i < len(word) - 1:
                if (word[i], word[i + 1]) == (a, b):
                    word[i : i + 2] = [a + b]
                i += 1
        ids += [tokenizer.tokens.index(token) for token in word]
    return ids


def pieces(text):
    """GPT-2's cut, for text of letters and single spaces only."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


@settings(max_examples=50)
@given(st.lists(st.text("abcht", min_size=1), min_size=1).map(" ".join))
def test_encoding_is_every_merge_in_its_order(text):
    tokenizer = bpe()
    assert tokenizer.encode(text) == slowly_encoded(tokenizer, text)


@settings(max_examples=200)
@given(st.text())
def test_any_text_comes_back(text):
    for tokenizer in (BytePairTokenizer(), bpe(special=["<end>"])):
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert all(0 <= i < len(tokenizer) for i in ids)


joined = st.text("e\u0301\u0308\u200d\ufe0fa 👩👧👍🏽🇩🇪क्ष\n_'1")


@given(joined, st.integers(256, 275))
def test_signs_that_combine_come_back_even_if_a_token_ends_between_them(text, size):
    for tokenizer in (bpe(), BytePairTokenizer.train(text, vocabulary_size=size)):
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == text
        assert b"".join(tokenizer.tokens[i] for i in ids) == text.encode()


@given(st.text(), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=12))
def test_with_any_merges_text_comes_back(text, drawn):
    """Merges of any tokens there are, bytes that are no UTF-8 by themselves among them."""
    tokens, merges = [bytes([i]) for i in range(256)], []
    for a, b in drawn:
        merges.append((tokens[a % len(tokens)], tokens[b % len(tokens)]))
        tokens.append(b"".join(merges[-1]))
    tokenizer = BytePairTokenizer(merges)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.encode(text) == tokenizer.encode(text)  # the second time from memory
    assert set(tokenizer.tokens) == set(tokens)


@given(st.lists(st.one_of(st.text("ab<e nd>", max_size=4), st.sampled_from(["<end>", "<e>"]))))
def test_text_with_special_tokens_comes_back_and_each_is_one_number(parts):
    text = "".join(parts)
    tokenizer = bpe(special=["<e>", "<end>"])
    ids = tokenizer.encode(text, special=True)
    assert tokenizer.decode(ids) == text
    found = re.findall("<e>|<end>", text)
    assert [i for i in ids if i >= 278] == [tokenizer.special_id(token) for token in found]


@settings(max_examples=30)
@given(st.text(max_size=60), st.integers(256, 280))
def test_any_text_can_be_learned_and_never_gets_longer(text, size):
    tokenizer = BytePairTokenizer.train(text, vocabulary_size=size)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) <= len(text.encode())
    assert 256 <= len(tokenizer) <= size


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "  a  ",
        "\n\n\tb",
        "a_b",
        "I'll we've it's",
        "²³½",
        "مرحبا",
        "日本語",
        "👩‍👩‍👧",
        "e\u0301",
        "\x00",
    ],
)
def test_texts_with_traps_come_back(text):
    assert bpe().decode(bpe().encode(text)) == text


def test_the_cut_is_gpt2s():
    """With all merges of a text learned, every piece of it is one token."""
    text = "Hello  world, it's 2024_x!\n"
    tokenizer = BytePairTokenizer.train(text, vocabulary_size=1000)
    parts = [tokenizer.tokens[i].decode() for i in tokenizer.encode(text)]
    assert parts == ["Hello", " ", " world", ",", " it", "'s", " 2024", "_", "x", "!", "\n"]


def test_without_merges_the_tokens_are_the_bytes():
    assert BytePairTokenizer().encode("aé") == [97, 0xC3, 0xA9]


def test_a_token_cut_in_two_shows_as_a_sign():
    assert BytePairTokenizer().decode([0xC3]) == "\N{REPLACEMENT CHARACTER}"


def test_two_ways_to_one_token_give_it_one_number():
    merges = [(b"a", b"b"), (b"ab", b"c"), (b"b", b"c"), (b"a", b"bc")]
    tokenizer = BytePairTokenizer(merges, ["<end>"])
    assert tokenizer.tokens[256:] == [b"ab", b"abc", b"bc", b"<end>"]
    assert len(set(tokenizer.tokens)) == len(tokenizer) == 260
    assert tokenizer.special_id("<end>") == 259
    assert tokenizer.encode("abc") == [257]


def test_special_tokens_are_read_only_when_asked():
    tokenizer = bpe(special=["<end>", "<end>>"])
    assert len(tokenizer) == 280
    assert tokenizer.encode("a<end>>b", special=True) == [97, 279, 98]
    assert tokenizer.encode("<end><end>", special=True) == [278, 278]
    plain = tokenizer.encode("a<end>>b")
    assert max(plain) < 278
    assert tokenizer.decode(plain) == tokenizer.decode([97, 279, 98]) == "a<end>>b"
    assert bpe().encode("<end>", special=True) == bpe().encode("<end>")


@given(st.text(max_size=40))
@settings(max_examples=30)
def test_a_file_gives_the_same_tokenizer(text):
    import tempfile
    from pathlib import Path

    tokenizer = bpe(special=["€nd"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        tokenizer.save(path)
        again = BytePairTokenizer.load(path)
        json.loads(path.read_text(encoding="utf-8"))
    assert (again.merges, again.special) == (tokenizer.merges, tokenizer.special)
    assert again.encode(text, special=True) == tokenizer.encode(text, special=True)


def test_the_vocabulary_is_as_large_as_asked_or_as_the_text_allows():
    assert len(bpe(270)) == 270
    assert len(BytePairTokenizer.train("ab", vocabulary_size=999)) == 257
    assert len(BytePairTokenizer.train("", vocabulary_size=999)) == 256


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bpe(255), "vocabulary_size must be at least 256, the bytes"),
        (lambda: bpe(256, ["<a>"]), "vocabulary_size must be at least 257"),
        (lambda: BytePairTokenizer([(b"ab", b"c")]), "merges must join earlier tokens; got b'ab'"),
        (lambda: BytePairTokenizer([(b"c", b"ab")]), "merges must join earlier tokens; got b'c'"),
        (lambda: BytePairTokenizer((), ["a", "a"]), "special tokens must differ"),
        (lambda: BytePairTokenizer((), [""]), "special tokens must differ and not be empty"),
        (
            lambda: bpe().encode("a\ud83d"),
            "text must hold no half of a surrogate pair; got '.ud83d'",
        ),
        (lambda: BytePairTokenizer.train("\udc00", vocabulary_size=300), "text must hold no half"),
        (
            lambda: BytePairTokenizer((), ["\ud800"]),
            "special must hold no half of a surrogate pair",
        ),
        (lambda: BytePairTokenizer().decode([256]), r"ids must lie in \[0, 256\); got 256"),
        (lambda: BytePairTokenizer().decode([-1]), r"ids must lie in \[0, 256\); got -1"),
        (lambda: CharTokenizer("ab").decode([2]), r"ids must lie in \[0, 2\); got 2"),
        (lambda: bpe().special_id("<end>"), r"token must be one of \[\]; got '<end>'"),
        (lambda: WordPieceTokenizer(["a"]), r"unknown must be one of the pieces; got '\[UNK\]'"),
        (lambda: WordPieceTokenizer(["[UNK]", "a", "a"]), "pieces must differ; got one twice"),
        (lambda: WordPieceTokenizer(["[UNK]"]).decode([1]), r"ids must lie in \[0, 1\)"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- word pieces ---------------------------------------------------------------------------------


def test_the_longest_piece_first_as_in_berts_code():
    """The example of the docstring of Devlin et al.'s code: unaffable is un ##aff ##able."""
    tokenizer = WordPieceTokenizer(["[UNK]", "un", "u", "##n", "##aff", "##affa", "##able", ","])
    pieces = [tokenizer.pieces[i] for i in tokenizer.encode("unaffable, un")]
    assert pieces == ["[UNK]", ",", "un"]  # ##affa is longest, and ##ble is none: no way back
    without = WordPieceTokenizer([p for p in tokenizer.pieces if p != "##affa"])
    pieces = [without.pieces[i] for i in without.encode("unaffable, un")]
    assert pieces == ["un", "##aff", "##able", ",", "un"]
    assert without.decode(without.encode("unaffable , un")) == "unaffable , un"
    assert len(without) == 7
    assert without.encode("  ") == []


def test_another_sign_for_the_unknown():
    tokenizer = WordPieceTokenizer(["?", "a"], unknown="?")
    assert tokenizer.encode("a b ab") == [1, 0, 0]


@given(st.lists(st.text("abc", min_size=1), min_size=1))
def test_words_of_known_letters_come_back(words):
    pieces = ["[UNK]", "bc", "##bc", *"abc", "##a", "##b", "##c"]
    tokenizer = WordPieceTokenizer(pieces)
    text = " ".join(words)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(
    st.lists(st.text("abc", min_size=1, max_size=3), max_size=8, unique=True),
    st.lists(st.text("abc", min_size=1, max_size=3), max_size=8, unique=True),
    st.lists(st.text("abcd", min_size=1, max_size=7), max_size=5),
)
def test_every_piece_is_the_longest_that_fits_there(first, inner, words):
    tokenizer = WordPieceTokenizer(["[UNK]", *first, *(f"##{piece}" for piece in inner)])

    def cut(word):
        left, found = word, []
        while left:
            fitting = [p for p in (inner if found else first) if left.startswith(p)]
            if not fitting:
                return ["[UNK]"]
            longest = max(fitting, key=len)
            found.append("##" * bool(found) + longest)
            left = left.removeprefix(longest)
        return found

    ids = tokenizer.encode(" ".join(words))
    assert [tokenizer.pieces[i] for i in ids] == [piece for word in words for piece in cut(word)]
