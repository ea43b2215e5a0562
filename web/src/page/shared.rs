//! Holds state that views are given: cheap to clone, equal only to itself.
//!
//! A view is drawn again when its properties differ. Comparing pointers instead of contents keeps that question cheap
//! for a table of ten thousand rows.

use std::ops::Deref;
use std::rc::Rc;

use yew::html::ImplicitClone;

/// A reference-counted value whose equality is that of its place in memory.
#[derive(Debug, Default)]
pub struct Shared<T>(Rc<T>);

impl<T> Shared<T> {
    /// Takes a value.
    pub fn new(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T: Clone> Shared<T> {
    /// The value to be changed; views that hold the old one keep it, and notice that it is another.
    pub fn change(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> ImplicitClone for Shared<T> {}
