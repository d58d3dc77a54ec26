//! The closed list of things that this platform can be told to do wrong, each a named switch.
//!
//! Every defect is semantic: the server stays up and answers in time, with a status and a shape
//! that its API declares; only what it says or does is wrong. The wrong behaviour itself stands in
//! the area it belongs to, behind `App::has`. `list` names them all; the switches' HTTP face is in
//! `defects::handlers`.

pub(crate) mod handlers;
mod list;
mod switches;

pub use list::Defect;
pub use switches::Switches;

impl Defect {
    /// The defect of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|defect| defect.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_defect_once_and_in_order() {
        for (index, defect) in Defect::ALL.into_iter().enumerate() {
            assert_eq!(
                defect as usize, index,
                "{defect:?} stands in the wrong place"
            );
            assert_eq!(Defect::from_name(defect.name()), Some(defect));
        }
        assert!(Defect::ALL.len() <= 64, "a switch is one bit of 64");
    }
}
