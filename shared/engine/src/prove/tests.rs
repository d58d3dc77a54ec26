//! Checks that can fail are told from those that can not, over recordings of real walks.
