//! Bugs that can be switched on by name, so that the simulation proves that it would see them.
//!
//! Compiled in by the feature `planted` alone; no released binary holds them.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planted {
    /// Outputs leave before the log is durable to where they depend on it.
    SendBeforeDurable,
    /// A result is acknowledged from the speculative state.
    AckBeforeDurable,
    /// A result is counted whoever sends it: neither session nor open attempt is asked for.
    NoTokenCheck,
    /// The run ends when the sum of outcomes reaches the plan's number, not when the sets agree.
    SumInsteadOfSet,
    /// A successor decides without a term of its own in the log.
    NoTermStarted,
    /// A lease counts from when it was received, not from the stamp.
    LeaseFromReceipt,
    /// Stamps are echoed without an append that began after they came.
    RenewalWithoutProof,
    /// The watermark of an attempt is forgotten at a takeover.
    WatermarkNotRestored,
    /// A conflict is taken for success.
    ConflictIsSuccess,
    /// The verdict is written without asking the second routine, and names no table.
    SealWithoutHash,
    /// The leader's fold and the log tell another outcome: only the second routine can see it.
    FoldDiffersFromLog,
    /// The lease of a disconnected worker is given away at once.
    LossAtDisconnect,
    /// An output waits for one segment only, however many events stand before its own.
    MarkOfOneSegment,
}

impl Planted {
    pub const ALL: [Self; 13] = [
        Self::SendBeforeDurable,
        Self::AckBeforeDurable,
        Self::NoTokenCheck,
        Self::SumInsteadOfSet,
        Self::NoTermStarted,
        Self::LeaseFromReceipt,
        Self::RenewalWithoutProof,
        Self::WatermarkNotRestored,
        Self::ConflictIsSuccess,
        Self::SealWithoutHash,
        Self::FoldDiffersFromLog,
        Self::LossAtDisconnect,
        Self::MarkOfOneSegment,
    ];
}
