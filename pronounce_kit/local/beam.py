"""Frame posteriors -> sequences of words: a beam search over a tree of pronunciations, with a language model.

Each hypothesis sits at a node of the tree (the phones said so far of a word) with the words before it. As CTC has it,
a phone lasts one or more frames, blanks may come between, and the same phone twice needs one. Only the best way to
each node and history is kept (Viterbi); what lost at the end of a word is kept as an alternative for the N-best list.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .acoustics import BLANK, Floats
from .language import END, START, LanguageModel

Ints = NDArray[np.int64]
_NEVER = -1e30


@dataclass(frozen=True, slots=True)
class Tree:
    """Pronunciations with shared beginnings. Node 0 is the root; children of a node are numbered in a row.

    phone: (N,) phone of each node, the root's is BLANK. child, children: (N,) first child and how many. word, ending:
    (N,) where in `ends` the words that end at each node begin, and how many. ahead: (N,) the best log
    probability of all words that pass through each node.
    """

    phone: Ints
    child: Ints
    children: Ints
    word: Ints
    ending: Ints
    ends: Ints
    ahead: Floats

    @classmethod
    def of(cls, phones: NDArray[np.uint8], words: Ints, log_p: NDArray[np.float32]) -> Tree:
        """phones: (P, L) one pronunciation a row, filled up with 255. words: (P,) what each says. log_p: by word."""
        order = np.lexsort((words, *phones.T[::-1]))
        phones, words = phones[order], words[order]
        count, length = phones.shape
        # A row begins a new node at a depth where its beginning differs from the row's above.
        differs = np.ones((count, length), bool)
        differs[1:] = np.logical_or.accumulate(phones[1:] != phones[:-1], axis=1)
        inside = phones != 255
        begins = differs & inside
        first = np.cumsum(np.r_[1, begins.sum(0)])  # number of the first node of each depth
        node = np.zeros((count, length + 1), np.int64)
        node[:, 1:] = np.where(inside, first[:-1] + np.cumsum(begins, 0) - 1, -1)
        total = int(first[-1])
        phone, parent = np.full(total, BLANK), np.zeros(total, np.int64)
        ahead = np.full(total, _NEVER)
        best = log_p[words].astype(np.float64)
        ahead[0] = best.max()
        for depth in range(length):
            rows = np.flatnonzero(begins[:, depth])
            phone[node[rows, depth + 1]] = phones[rows, depth]
            parent[node[rows, depth + 1]] = node[rows, depth]
            rows = np.flatnonzero(inside[:, depth])
            np.maximum.at(ahead, node[rows, depth + 1], best[rows])
        children = np.bincount(parent[1:], minlength=total)
        child = 1 + np.cumsum(children) - children
        last = node[np.arange(count), inside.sum(1)]
        by_node = np.argsort(last, kind="stable")
        ending = np.bincount(last, minlength=total)
        return cls(phone, child, children, np.cumsum(ending) - ending, ending, words[by_node], ahead)


@dataclass(frozen=True, slots=True)
class Search:
    """How wide to search, and how much each source of knowledge counts.

    language: weight of the language model. word: added for each word. beam: how far behind the best a hypothesis may
    fall. width: how many are kept a frame. ends: how many ends of words are looked up a frame.
    """

    language: float = 0.8
    word: float = 0.0
    beam: float = 14.0
    width: int = 1500
    ends: int = 60


@dataclass(frozen=True, slots=True)
class Found:
    """One sequence of words, with its score and the frame in which each word's last phone was said."""

    words: tuple[int, ...]
    score: float
    frames: tuple[int, ...]


@dataclass(slots=True)
class _Ends:
    """Ends of words, each with the ways that lead to it; number 0 is the beginning.

    Way k of end e: the word said, the end before it, and how much worse than the best way it is.
    """

    frame: list[int]
    score: list[float]
    ways: list[list[tuple[float, int, int]]]


class Beam:
    """The search itself; holds no state between calls, so threads may share it."""

    def __init__(self, tree: Tree, model: LanguageModel, search: Search | None = None) -> None:
        self._tree = tree
        self._model = model
        self.search = search or Search()

    def decode(self, log_p: Floats, idle: NDArray[np.bool_], count: int = 1) -> list[Found]:
        """The likeliest word sequences of (T, 40) frame log probabilities, best first, at most `count`, all distinct.

        idle: (T,) frames in which surely nothing begins; they are passed over quickly. Empty when no word fits.
        """
        tree, search = self._tree, self.search
        ahead = tree.ahead * search.language
        ends = _Ends([-1], [0.0], [[]])
        node, past, end = np.zeros(1, np.int64), np.array([START]), np.zeros(1, np.int64)
        in_phone, in_blank = np.array([_NEVER]), np.zeros(1)
        end_blank = end.copy()
        for t, emit in enumerate(log_p):
            total = np.maximum(in_phone, in_blank)
            end_total = np.where(in_phone > in_blank, end, end_blank)
            stays = in_phone + emit[tree.phone[node]]
            rests = total + emit[BLANK]
            if idle[t]:
                in_phone, in_blank, end_blank = stays, rests, end_total
                continue
            # Each hypothesis into each child of its node.
            many = tree.children[node]
            source = np.repeat(np.arange(len(node)), many)
            target = np.arange(len(source)) - np.repeat(np.cumsum(many) - many, many) + tree.child[node][source]
            phone = tree.phone[target]
            enters = np.where(phone == tree.phone[node][source], in_blank[source], total[source]) + emit[phone]
            enters += ahead[target] - ahead[node[source]]
            limit = max(enters.max(initial=_NEVER), rests.max(), stays.max()) - search.beam
            near = np.flatnonzero(enters > limit)
            source, target, enters = source[near], target[near], enters[near]
            # A child that is already there (`node` and `past` are sorted by key) takes the better way into it.
            key, wanted = _key(node, past), _key(target, past[source])
            at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
            there = key[at] == wanted
            old, better = at[there], enters[there]
            wins = better > stays[old]
            stays[old[wins]] = better[wins]
            end = end.copy()
            end[old[wins]] = end_total[source[there][wins]]
            end_blank = end_total
            new = ~there
            node = np.concatenate([node, target[new]])
            past = np.concatenate([past, past[source[new]]])
            in_phone = np.concatenate([stays, enters[new]])
            in_blank = np.concatenate([rests, np.full(int(new.sum()), _NEVER)])
            end = np.concatenate([end, end_total[source[new]]])
            end_blank = np.concatenate([end_blank, np.zeros(int(new.sum()), np.int64)])
            best = np.maximum(in_phone, in_blank)
            keep = np.flatnonzero(best > best.max() - search.beam)
            if len(keep) > search.width:
                keep = keep[np.argpartition(best[keep], -search.width)[-search.width :]]
            node, past, end, end_blank = node[keep], past[keep], end[keep], end_blank[keep]
            in_phone, in_blank = in_phone[keep], in_blank[keep]
            scored = self._word_ends(t, node, past, in_phone, end, ahead, ends, best.max() - search.beam)
            if scored is not None:
                past_new, score_new, end_new = scored
                root = np.flatnonzero(node == 0)
                # A history that waits at the root already takes the better of both.
                where = {int(h): int(i) for h, i in zip(past[root], root, strict=True)}
                fresh = []
                for j, h in enumerate(past_new.tolist()):
                    i = where.get(h)
                    if i is None:
                        fresh.append(j)
                    elif score_new[j] > in_blank[i]:
                        in_blank[i], end_blank[i] = score_new[j], end_new[j]
                node = np.concatenate([node, np.zeros(len(fresh), np.int64)])
                past = np.concatenate([past, past_new[fresh]])
                in_phone = np.concatenate([in_phone, np.full(len(fresh), _NEVER)])
                in_blank = np.concatenate([in_blank, score_new[fresh]])
                end = np.concatenate([end, end_new[fresh]])
                end_blank = np.concatenate([end_blank, end_new[fresh]])
            order = np.argsort(_key(node, past))
            node, past, end, end_blank = node[order], past[order], end[order], end_blank[order]
            in_phone, in_blank = in_phone[order], in_blank[order]
        root = np.flatnonzero(node == 0)
        closing, _ = self._model.score(past[root], np.full(len(root), END))
        finals = in_blank[root] + search.language * closing
        if not len(root) or end_blank[root[finals.argmax()]] == 0:
            return []  # the likeliest is that no word was said
        return list(_best_paths(ends, end_blank[root], finals, count))

    def _word_ends(
        self,
        t: int,
        node: Ints,
        past: Ints,
        in_phone: Floats,
        end: Ints,
        ahead: Floats,
        ends: _Ends,
        limit: float,
    ) -> tuple[Ints, Floats, Ints] | None:
        """Let every hypothesis that may end a word do so: histories, scores and numbers of the new ends."""
        tree, search = self._tree, self.search
        at = np.flatnonzero((tree.ending[node] > 0) & (in_phone > limit))
        if not len(at):
            return None
        many = tree.ending[node[at]]
        source = np.repeat(at, many)
        word = tree.ends[np.arange(len(source)) - np.repeat(np.cumsum(many) - many, many) + tree.word[node[source]]]
        free = in_phone[source] - ahead[node[source]]
        likely = free + search.language * self._model.log_p[word]
        if len(source) > search.ends * 4:
            some = np.argpartition(likely, -search.ends * 4)[-search.ends * 4 :]
            source, word, free = source[some], word[some], free[some]
        log_p, after = self._model.score(past[source], word)
        score = free + search.language * log_p + search.word + ahead[0]
        order = np.lexsort((-score, after))
        first = np.r_[True, after[order][1:] != after[order][:-1]]
        group = np.cumsum(first) - 1
        heads = order[first]
        chosen = np.argsort(-score[heads], kind="stable")[: search.ends]
        chosen = chosen[score[heads[chosen]] > limit]
        if not len(chosen):
            return None
        numbers = np.full(len(heads), -1)
        numbers[chosen] = len(ends.frame) + np.arange(len(chosen))
        for g in chosen:
            ends.frame.append(t)
            ends.score.append(float(score[heads[g]]))
            ends.ways.append([])
        for position, g in zip(order.tolist(), group.tolist(), strict=True):
            number = numbers[g]
            if number >= 0:
                behind = float(score[position] - score[heads[g]])
                ends.ways[number].append((behind, int(word[position]), int(end[source[position]])))
        return after[heads[chosen]], score[heads[chosen]], numbers[chosen]


def _key(node: Ints, past: Ints) -> Ints:
    return (node << 34) | past


def _best_paths(ends: _Ends, last: Ints, finals: Floats, count: int, tries: int = 3000) -> Iterator[Found]:
    """Complete word sequences in order of their score, from the ends backwards.

    How much worse a path is than the best way to its beginning is known exactly, so the first found is the best.
    """
    queue: list[tuple[float, int, int, tuple[int, ...], tuple[int, ...]]] = []
    ticket = 0
    for score, e in zip(finals.tolist(), last.tolist(), strict=True):
        heapq.heappush(queue, (-score, ticket, int(e), (), ()))
        ticket += 1
    seen: set[tuple[int, ...]] = set()
    while queue and len(seen) < count and tries:
        tries -= 1
        cost, _, e, words, frames = heapq.heappop(queue)
        if e == 0:
            if words and words not in seen:
                seen.add(words)
                yield Found(words, -cost, frames)
            continue
        for behind, word, before in ends.ways[e]:
            heapq.heappush(queue, (cost - behind, ticket, before, (word, *words), (ends.frame[e], *frames)))
            ticket += 1
