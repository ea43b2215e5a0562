//! Holds what the user should know, each thing once.

use std::ops::Deref;

use crate::messages::Notice;

/// Notices in the order in which they came.
#[derive(Debug, Default)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// Adds a notice, unless it says what another says already: that something is not kept has one meaning, whatever it is.
    pub fn push(&mut self, notice: Notice) {
        let says_it = |known: &Notice| match (known, &notice) {
            (Notice::NotKept(_), Notice::NotKept(_)) | (Notice::EpochNotKept(_), Notice::EpochNotKept(_)) => true,
            (known, new) => known == new,
        };
        if !self.0.iter().any(says_it) {
            self.0.push(notice);
        }
    }

    /// Takes one away that was read.
    pub fn remove(&mut self, number: usize) {
        if number < self.0.len() {
            self.0.remove(number);
        }
    }
}

impl Deref for Notices {
    type Target = [Notice];

    fn deref(&self) -> &[Notice] {
        &self.0
    }
}
