//! Chooses light or dark: as the system says, or as the user did.

use super::browser;

/// How bright the page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the order of the choice.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The name that is remembered, and that the style sheet knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// What the user chose the last time.
    pub fn recalled() -> Self {
        browser::recall("theme")
            .and_then(|name| Self::of(&name))
            .unwrap_or_default()
    }

    /// Colours the page.
    pub fn apply(self) {
        let chosen = match self {
            Self::System => None,
            Self::Light | Self::Dark => Some(self.name()),
        };
        browser::set_root_attribute("data-theme", chosen);
    }
}
