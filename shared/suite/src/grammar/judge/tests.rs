//! Lists of events that a grammar takes, and the first thing it finds wrong in the others.

