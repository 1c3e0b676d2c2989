//! Who waits for a batch to become durable: whoever asked over HTTP.

use std::fmt;

use tokio::sync::oneshot;

/// Answers that are given once what they tell of is durable. Dropped, nobody is answered.
#[derive(Default)]
pub struct Answers(Vec<Box<dyn FnOnce() + Send>>);

impl Answers {
    /// This answer, to whoever waits at the other end.
    pub(super) fn add<T: Send + 'static>(&mut self, answer: oneshot::Sender<T>, value: T) {
        self.0.push(Box::new(move || {
            // Whoever asked may have gone; what became of it is the same.
            let _ = answer.send(value);
        }));
    }

    /// It is durable: everybody may know.
    pub(crate) fn give(self) {
        self.0.into_iter().for_each(|answer| answer());
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answers").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_answered_before_it_is_time() {
        let (tx, mut rx) = oneshot::channel();
        let mut answers = Answers::default();
        answers.add(tx, 7);
        assert!(rx.try_recv().is_err());
        answers.give();
        assert_eq!(rx.try_recv(), Ok(7));
    }

    #[test]
    fn what_is_never_durable_is_never_answered() {
        let (tx, mut rx) = oneshot::channel();
        let mut answers = Answers::default();
        answers.add(tx, 7);
        drop(answers);
        assert_eq!(rx.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}
