//! The state of any moment of the past.

use rolecall::routing::{State, Timestamp};

use crate::support::{Writer, opened};

#[test]
fn the_state_of_any_moment_is_the_one_that_was() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    for batches in [4, 3, 5, 2] {
        writer.append(batches);
        // At a time at which nothing is old enough to be dropped.
        writer.reader.take_snapshot(Timestamp(0)).expect("the snapshot is taken");
    }
    let mut state = State::new(writer.reader.identity());
    let mut before = Timestamp(-1);
    for entry in &writer.entries {
        let then = writer.reader.state_at(before).expect("the past is there");
        assert_eq!((then.hash(), then.next_seq()), (state.hash(), entry.first_seq));
        entry.events.iter().for_each(|event| state.apply(entry.at, event));
        before = entry.at;
    }
    assert_eq!(writer.reader.state_at(Timestamp(i64::MAX)).expect("the past is there").hash(), state.hash());
}
