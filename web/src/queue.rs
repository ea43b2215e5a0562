//! Holds what arrived until somebody takes it: messages come between two turns of the browser's loop, and are awaited.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use gloo_timers::future::TimeoutFuture;

struct Waiting<T> {
    items: VecDeque<T>,
    waker: Option<Waker>,
    is_closed: bool,
}

/// What arrived and was not taken, oldest first. A copy is the same queue.
pub struct Queue<T> {
    waiting: Rc<RefCell<Waiting<T>>>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            waiting: Rc::clone(&self.waiting),
        }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: Rc::new(RefCell::new(Waiting {
                items: VecDeque::new(),
                waker: None,
                is_closed: false,
            })),
        }
    }
}

impl<T> Queue<T> {
    /// Puts one at the end.
    pub fn push(&self, item: T) {
        self.waiting.borrow_mut().items.push_back(item);
        self.wake();
    }

    /// Says that no more will arrive.
    pub fn close(&self) {
        self.waiting.borrow_mut().is_closed = true;
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waiting.borrow_mut().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Option<T>> {
        let mut waiting = self.waiting.borrow_mut();
        match waiting.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if waiting.is_closed => Poll::Ready(None),
            None => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The oldest; waits for one, unless none will come.
    pub async fn take(&self) -> Option<T> {
        poll_fn(|context| self.poll(context)).await
    }

    /// As [`Self::take`]; nothing where none comes for so many milliseconds.
    pub async fn take_within(&self, milliseconds: u32) -> Option<T> {
        let mut time = pin!(TimeoutFuture::new(milliseconds));
        poll_fn(|context| match self.poll(context) {
            Poll::Pending => time.as_mut().poll(context).map(|()| None),
            taken => taken,
        })
        .await
    }

    /// The oldest that `wanted` takes, out of its turn.
    pub fn take_if(&self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let mut waiting = self.waiting.borrow_mut();
        let place = waiting.items.iter().position(wanted)?;
        waiting.items.remove(place)
    }

    /// Whether one waits that `wanted` takes.
    pub fn has(&self, wanted: impl Fn(&T) -> bool) -> bool {
        self.waiting.borrow().items.iter().any(wanted)
    }
}
