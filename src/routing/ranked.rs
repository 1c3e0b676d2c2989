//! What stands in the order of ranks, in pieces: it comes in anywhere, leaves anywhere, and can be counted. A ticket's [rank]
//! is one, and an agent's place on a bench.
//!
//! Nearly all comes in behind others of its priority and leaves at the front. So pieces are rings that fill from behind: one
//! that is full is split where something comes in, and what comes behind a full piece begins a new one. A tree of the standard
//! library splits its nodes in halves, and leaves both half empty for good where all comes in at the end. The last piece stays
//! when nothing stands in it any more: what comes and goes again and again takes no memory for it each time.
//!
//! [rank]: super::rank::Rank

use std::collections::VecDeque;

/// How many stand in one piece at most: coming in moves half of them at the worst.
const PIECE: usize = 128;
/// How many pieces are counted together, so that counting adds up neither all pieces nor all that stands.
const RUN: usize = 64;
/// Pieces next to each other that hold no more than this together become one.
const SPARSE: usize = PIECE / 2;

/// Values in the order of their ranks; no rank is there twice.
#[derive(Debug, Clone)]
pub(super) struct Ranked<R, V> {
    /// Not above the first rank of each piece, and above all that stands in the piece before.
    bounds: Vec<R>,
    /// None of several is empty.
    pieces: Vec<VecDeque<(R, V)>>,
    /// How many stand in each run of pieces.
    runs: Vec<usize>,
    len: usize,
}

impl<R, V> Default for Ranked<R, V> {
    fn default() -> Self {
        Self { bounds: Vec::new(), pieces: Vec::new(), runs: Vec::new(), len: 0 }
    }
}

impl<R: Copy + Ord, V: Copy> Ranked<R, V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first of all.
    pub(super) fn first(&self) -> Option<(R, V)> {
        self.pieces.first()?.front().copied()
    }

    /// All of them, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (R, V)> {
        self.pieces.iter().flatten().copied()
    }

    /// How many stand before that rank.
    pub(super) fn ahead_of(&self, rank: &R) -> usize {
        let Some(piece) = self.piece_of(rank) else { return 0 };
        let run = piece / RUN;
        let before: usize = self.runs[..run].iter().sum();
        let in_run: usize = self.pieces[run * RUN..piece].iter().map(VecDeque::len).sum();
        before + in_run + place(&self.pieces[piece], rank)
    }

    /// Puts a value in its place. Whether its rank was free; where not, nothing is changed.
    #[must_use]
    pub(super) fn insert(&mut self, rank: R, value: V) -> bool {
        let Some(piece) = self.piece_of(&rank) else {
            self.insert_first(rank, value);
            return true;
        };
        let standing = &mut self.pieces[piece];
        let place = place(standing, &rank);
        if standing.get(place).is_some_and(|(stands, _)| *stands == rank) {
            return false;
        }
        self.len += 1;
        if standing.len() < PIECE {
            standing.insert(place, (rank, value));
            self.runs[piece / RUN] += 1;
        } else if place < standing.len() {
            self.split(piece, place, (rank, value));
        } else if let Some(next) = self.pieces.get_mut(piece + 1).filter(|next| next.len() < PIECE) {
            next.push_front((rank, value));
            self.bounds[piece + 1] = rank;
            self.runs[(piece + 1) / RUN] += 1;
        } else {
            self.add_piece(piece + 1, VecDeque::from([(rank, value)]));
        }
        true
    }

    /// Takes out what stands at that rank.
    pub(super) fn remove(&mut self, rank: &R) -> Option<V> {
        let piece = self.piece_of(rank)?;
        let standing = &mut self.pieces[piece];
        let place = place(standing, rank);
        let (_, value) = standing.get(place).filter(|(stands, _)| stands == rank)?;
        let value = *value;
        standing.remove(place);
        self.len -= 1;
        self.runs[piece / RUN] -= 1;
        self.merge(piece);
        Some(value)
    }

    /// The piece in which that rank would stand; none where it stands before all.
    fn piece_of(&self, rank: &R) -> Option<usize> {
        // Most come in behind all others, and leave from the front.
        match self.bounds.as_slice() {
            [.., last] if last <= rank => Some(self.bounds.len() - 1),
            [_, second, ..] if rank < second => (self.bounds[0] <= *rank).then_some(0),
            bounds => bounds.partition_point(|bound| bound <= rank).checked_sub(1),
        }
    }

    fn insert_first(&mut self, rank: R, value: V) {
        self.len += 1;
        match self.pieces.first_mut().filter(|first| first.len() < PIECE) {
            Some(first) => {
                first.push_front((rank, value));
                self.bounds[0] = rank;
                self.runs[0] += 1;
            }
            None => self.add_piece(0, VecDeque::from([(rank, value)])),
        }
    }

    /// Something comes into a piece that is full: what comes after it goes into a piece of its own, or half of it where that
    /// would leave next to nothing in one of the two.
    fn split(&mut self, piece: usize, place: usize, entry: (R, V)) {
        let standing = &mut self.pieces[piece];
        let cut = if (PIECE / 8..PIECE - PIECE / 8).contains(&place) { place } else { PIECE / 2 };
        let mut rest = standing.split_off(cut);
        // What was taken from a ring leaves it as long as it was.
        standing.shrink_to(PIECE / 2);
        if place <= cut {
            standing.insert(place, entry);
        } else {
            rest.insert(place - cut, entry);
        }
        self.add_piece(piece + 1, rest);
    }

    fn add_piece(&mut self, place: usize, piece: VecDeque<(R, V)>) {
        self.bounds.insert(place, piece[0].0);
        self.pieces.insert(place, piece);
        // What was split stands before it, and may be of the run before.
        self.count_from(place.saturating_sub(1));
    }

    /// The pieces from there on are others than they were.
    fn count_from(&mut self, piece: usize) {
        let run = piece / RUN;
        self.runs.truncate(run);
        let counted = self.pieces[run * RUN..].chunks(RUN).map(|run| run.iter().map(VecDeque::len).sum::<usize>());
        self.runs.extend(counted);
    }

    /// Something has left a piece.
    fn merge(&mut self, piece: usize) {
        let held = self.pieces[piece].len();
        let fits = |other: &VecDeque<_>| held + other.len() <= SPARSE;
        if held == 0 && self.pieces.len() == 1 {
            return;
        }
        if held == 0 {
            self.bounds.remove(piece);
            self.pieces.remove(piece);
            self.count_from(piece);
        } else if held < SPARSE && self.pieces.get(piece + 1).is_some_and(fits) {
            self.bounds.remove(piece + 1);
            let mut next = self.pieces.remove(piece + 1);
            self.pieces[piece].append(&mut next);
            self.count_from(piece);
        } else if held < SPARSE && piece > 0 && fits(&self.pieces[piece - 1]) {
            self.bounds.remove(piece);
            let mut this = self.pieces.remove(piece);
            self.pieces[piece - 1].append(&mut this);
            self.count_from(piece - 1);
        }
    }
}

/// Where in a piece that rank stands or would.
fn place<R: Ord, V>(piece: &VecDeque<(R, V)>, rank: &R) -> usize {
    match (piece.front(), piece.back()) {
        (Some((first, _)), _) if rank <= first => 0,
        (_, Some((last, _))) if rank > last => piece.len(),
        _ => piece.partition_point(|(stands, _)| stands < rank),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::routing::rank::Rank;

    /// That it is what it should be, and in order inside.
    fn agrees(ranked: &Ranked<Rank, u64>, model: &BTreeMap<Rank, u64>) {
        assert_eq!(ranked.iter().collect::<Vec<_>>(), model.iter().map(|(rank, it)| (*rank, *it)).collect::<Vec<_>>());
        assert_eq!((ranked.len(), ranked.is_empty()), (model.len(), model.is_empty()));
        assert_eq!(ranked.first(), model.first_key_value().map(|(rank, it)| (*rank, *it)));
        assert_eq!(ranked.bounds.len(), ranked.pieces.len());
        let runs = ranked.pieces.chunks(RUN).map(|run| run.iter().map(VecDeque::len).sum::<usize>());
        assert_eq!(ranked.runs, runs.collect::<Vec<_>>());
        for (bound, piece) in ranked.bounds.iter().zip(&ranked.pieces) {
            assert!(
                piece.len() <= PIECE && piece.front().map_or(ranked.pieces.len() == 1, |(first, _)| bound <= first)
            );
        }
        for (bound, piece) in ranked.bounds.iter().skip(1).zip(&ranked.pieces) {
            assert!(piece.back().is_some_and(|(last, _)| last < bound));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_is_a_map_that_counts(steps in prop::collection::vec((0..4_u8, 0..2_000_i64, 0..4_u8), 1..3_000)) {
            let (mut ranked, mut model) = (Ranked::default(), BTreeMap::new());
            for (arrival, (what, key, spread)) in (0_u64..).zip(steps) {
                let rank = Rank::test([key / 500, key % 500 / i64::from(spread + 1)], u64::from(spread));
                match what {
                    0 => prop_assert_eq!(ranked.remove(&rank), model.remove(&rank)),
                    1 if arrival % 3 == 0 => {
                        let first = model.pop_first();
                        prop_assert_eq!(first.and_then(|(rank, _)| ranked.remove(&rank)), first.map(|(_, it)| it));
                    }
                    _ => {
                        let free = !model.contains_key(&rank);
                        prop_assert_eq!(ranked.insert(rank, arrival), free);
                        model.entry(rank).or_insert(arrival);
                    }
                }
                prop_assert_eq!(ranked.ahead_of(&rank), model.range(..rank).count());
            }
            agrees(&ranked, &model);
        }
    }

    #[test]
    fn what_comes_behind_the_others_of_its_priority_fills_pieces_whole_and_what_leaves_gives_them_back() {
        let (mut ranked, mut model) = (Ranked::default(), BTreeMap::new());
        let ranks = (0..20_000_u64).map(|arrival| Rank::test([i64::try_from(arrival * 7 % 5).unwrap(), 0], arrival));
        for rank in ranks.clone() {
            assert!(ranked.insert(rank, rank.arrival_seq()));
            model.insert(rank, rank.arrival_seq());
        }
        agrees(&ranked, &model);
        for rank in ranks.clone().step_by(997) {
            assert_eq!(ranked.ahead_of(&rank), model.range(..rank).count());
        }
        let room: usize = ranked.pieces.iter().map(VecDeque::capacity).sum();
        assert!(room < 20_000 * 11 / 10, "{room} places for 20,000");
        for rank in ranks.filter(|rank| rank.arrival_seq() % 50 != 0) {
            assert_eq!(ranked.remove(&rank), model.remove(&rank));
        }
        agrees(&ranked, &model);
        assert!(ranked.pieces.len() < 20_000 / 50 / (SPARSE / 2) + 1, "{} pieces for 400", ranked.pieces.len());
    }
}
