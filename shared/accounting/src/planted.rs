//! Bugs that can be switched on by name, so that the simulation proves that it would see them.
//!
//! Compiled in by the feature `planted` alone; no released binary holds them. Those of the log's
//! adapter are planted in the model of it that the simulation runs.

macro_rules! bugs {
    ($($(#[$doc:meta])* $name:ident: $sentence:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Planted { $($(#[$doc])* $name,)* }

        impl Planted {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What the bug does, for people.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

bugs! {
    SendBeforeDurable: "outputs leave before the log is durable to where they depend on it",
    NoTermStarted: "a successor decides without a term of its own in the log",
    TwoPutsInFlight: "a segment is put before the one in front of it is durable",
    /// Of the object store's adapter.
    AlreadyExistsIsDeposed: "a number that is taken means deposed, without a look at who took it",
    /// Of the object store's adapter.
    AlreadyExistsIsSuccess: "a number that is taken means that our own put landed",
    /// Of the object store's adapter.
    NumberReused: "a put whose answer was lost is repeated with other bytes",
    /// Of the object store's adapter.
    SegmentDeleted: "segments of an open run are deleted, so that a late put finds its number free",
    LeaseFromReceipt: "a worker counts its lease from when it was received, not from the stamp",
    RenewalWithoutProof: "stamps are echoed without an append that began after they came",
    AckBeforeDurable: "a result is acknowledged from the speculative state",
    WatermarkNotRestored: "the watermark of an attempt is forgotten at a takeover",
    LockFreedAtFailover: "a successor admits the next run beside the one that its predecessor led",
    SealWithoutHash: "the verdict names no table",
    ZeroSamplePass: "a result that shows nothing is counted as passed",
    FoldDiffersFromLog: "`apply` learns another outcome than the log holds, so only the second routine can see it",
    NoTokenCheck: "a result is counted whoever sends it: neither session nor open attempt is asked for",
    SumInsteadOfSet: "the run ends when the sum of outcomes reaches the plan's number, not when the sets agree",
    ConflictIsSuccess: "the machine takes a conflict for success",
    LossAtDisconnect: "the lease of a disconnected worker is given away at once",
    FirstTakesAll: "a run takes every slot while it has cases, and those beside it wait",
    NamesakeTakesOver: "a process of another spool folder is let in beside its namesake, as if that one were dead",
    MarkOfOneSegment: "an output waits for one segment only, however many events stand before its own",
}
