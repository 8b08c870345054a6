//! The analysers: which there are, their bits, and the order in which they are called.
//!
//! Bit order decides restarts (an analyser that enables one with a lower bit makes the walk
//! start over), call order decides everything else. Both are dev7's; the places where they
//! differ are the rules that choose a server and the tarpit, called before the inner
//! processing although their bits are higher, and RDP cookie persistence, called before the
//! sticking rules. Where HTTP is spoken, the rules over bytes look at complete heads, as later
//! versions have it: the analyser that has parsed a head enables them, and the restart rule
//! has them called next.

use super::flags::flag_set;

flag_set! {
    /// Analysers enabled on a channel.
    AnalyserSet: u32 {
        /// Decodes the PROXY protocol header that precedes a request.
        PROXY = 0x1;
        /// The frontend's rules over the bytes of a request.
        INSPECT_FE = 0x2;
        /// Waits for a complete request head and parses it.
        WAIT_HTTP = 0x4;
        /// The frontend's rules over the request.
        HTTP_PROCESS_FE = 0x8;
        /// Chooses the backend.
        SWITCHING = 0x10;
        /// The backend's rules over the bytes of a request.
        INSPECT_BE = 0x20;
        /// The backend's rules over the request.
        HTTP_PROCESS_BE = 0x40;
        /// Rewrites the head for the server.
        HTTP_INNER = 0x80;
        /// Looks for a terminal client's cookie.
        RDP_COOKIE = 0x800;
        /// Holds the client, then answers with an error.
        HTTP_TARPIT = 0x100;
        /// The backend's rules that choose a server.
        SERVER_RULES = 0x2000;
        /// Forwards the request's body.
        XFER_BODY = 0x1000;
        /// The backend's rules over the bytes of a response.
        RES_INSPECT = 0x10000;
        /// Waits for a complete response head and parses it.
        RES_WAIT_HTTP = 0x20000;
        /// Rules and rewriting of the response.
        RES_HTTP_PROCESS = 0x40000;
        /// Forwards the response's body.
        RES_XFER_BODY = 0x100000;
    }
}

/// An analyser, to be matched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analyser {
    /// See [`AnalyserSet::PROXY`].
    Proxy,
    /// See [`AnalyserSet::INSPECT_FE`].
    InspectFrontend,
    /// See [`AnalyserSet::WAIT_HTTP`].
    WaitHttp,
    /// See [`AnalyserSet::HTTP_PROCESS_FE`].
    HttpProcessFrontend,
    /// See [`AnalyserSet::SWITCHING`].
    Switching,
    /// See [`AnalyserSet::INSPECT_BE`].
    InspectBackend,
    /// See [`AnalyserSet::HTTP_PROCESS_BE`].
    HttpProcessBackend,
    /// See [`AnalyserSet::SERVER_RULES`].
    ServerRules,
    /// See [`AnalyserSet::HTTP_TARPIT`].
    HttpTarpit,
    /// See [`AnalyserSet::HTTP_INNER`].
    HttpInner,
    /// See [`AnalyserSet::RDP_COOKIE`].
    RdpCookie,
    /// See [`AnalyserSet::XFER_BODY`].
    TransferBody,
    /// See [`AnalyserSet::RES_INSPECT`].
    InspectResponse,
    /// See [`AnalyserSet::RES_WAIT_HTTP`].
    WaitResponse,
    /// See [`AnalyserSet::RES_HTTP_PROCESS`].
    HttpProcessResponse,
    /// See [`AnalyserSet::RES_XFER_BODY`].
    TransferResponse,
}

impl Analyser {
    /// Request analysers in call order.
    pub const REQUEST_ORDER: [Self; 12] = [
        Self::Proxy,
        Self::InspectFrontend,
        Self::WaitHttp,
        Self::HttpProcessFrontend,
        Self::Switching,
        Self::InspectBackend,
        Self::HttpProcessBackend,
        Self::HttpTarpit,
        Self::ServerRules,
        Self::HttpInner,
        Self::RdpCookie,
        Self::TransferBody,
    ];

    /// Response analysers in call order.
    pub const RESPONSE_ORDER: [Self; 4] = [
        Self::InspectResponse,
        Self::WaitResponse,
        Self::HttpProcessResponse,
        Self::TransferResponse,
    ];

    /// The analyser's bit.
    pub const fn bit(self) -> AnalyserSet {
        match self {
            Self::Proxy => AnalyserSet::PROXY,
            Self::InspectFrontend => AnalyserSet::INSPECT_FE,
            Self::WaitHttp => AnalyserSet::WAIT_HTTP,
            Self::HttpProcessFrontend => AnalyserSet::HTTP_PROCESS_FE,
            Self::Switching => AnalyserSet::SWITCHING,
            Self::InspectBackend => AnalyserSet::INSPECT_BE,
            Self::HttpProcessBackend => AnalyserSet::HTTP_PROCESS_BE,
            Self::HttpTarpit => AnalyserSet::HTTP_TARPIT,
            Self::ServerRules => AnalyserSet::SERVER_RULES,
            Self::HttpInner => AnalyserSet::HTTP_INNER,
            Self::RdpCookie => AnalyserSet::RDP_COOKIE,
            Self::TransferBody => AnalyserSet::XFER_BODY,
            Self::InspectResponse => AnalyserSet::RES_INSPECT,
            Self::WaitResponse => AnalyserSet::RES_WAIT_HTTP,
            Self::HttpProcessResponse => AnalyserSet::RES_HTTP_PROCESS,
            Self::TransferResponse => AnalyserSet::RES_XFER_BODY,
        }
    }
}

impl AnalyserSet {
    /// What every HTTP request goes through in its frontend.
    pub const HTTP_FRONTEND: Self = Self::WAIT_HTTP
        .union(Self::HTTP_PROCESS_FE)
        .union(Self::SWITCHING);

    /// What a relayed connection goes through where rules look at its bytes.
    pub const TCP_INSPECTED: Self = Self::INSPECT_FE.union(Self::SWITCHING);

    /// What an HTTP request goes through once its backend is known.
    pub const HTTP_BACKEND: Self = Self::HTTP_PROCESS_BE.union(Self::HTTP_INNER);

    /// What every HTTP response goes through.
    pub const HTTP_RESPONSE: Self = Self::RES_WAIT_HTTP.union(Self::RES_HTTP_PROCESS);
}

/// How an analyser left the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its work is done, the next analyser may run.
    Continue,
    /// It waits for something or ended the session: the following ones do not run.
    Wait,
}

/// What the walk over the analysers does after one returned (dev7's restart rule).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Go on with the next one in call order.
    Onward,
    /// An analyser with a lower bit was enabled: start over.
    Restart,
}

/// Applies the restart rule: `before` and `after` are the enabled sets around the call of
/// `called`, `pending` the set still to be walked, which is updated.
pub fn after_analyser(
    called: Analyser,
    before: AnalyserSet,
    after: AnalyserSet,
    pending: &mut AnalyserSet,
) -> Walk {
    let bit = called.bit().bits();
    let added = after.bits() & !before.bits();
    let removed = before.bits() & !after.bits();
    pending.remove_bits(removed | bit);
    if added & (bit - 1) != 0 {
        return Walk::Restart;
    }
    pending.insert_bits(added);
    Walk::Onward
}

impl AnalyserSet {
    const fn remove_bits(&mut self, bits: u32) {
        *self = Self(self.0 & !bits);
    }

    const fn insert_bits(&mut self, bits: u32) {
        *self = Self(self.0 | bits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_enabled_above_joins_the_walk() {
        let before = AnalyserSet::SWITCHING;
        let after = AnalyserSet::HTTP_PROCESS_BE;
        let mut pending = before;
        assert_eq!(
            after_analyser(Analyser::Switching, before, after, &mut pending),
            Walk::Onward
        );
        assert!(pending.any(AnalyserSet::HTTP_PROCESS_BE));
        assert!(!pending.any(AnalyserSet::SWITCHING));
    }

    #[test]
    fn a_bit_enabled_below_starts_over() {
        let before = AnalyserSet::XFER_BODY;
        let after = before.union(AnalyserSet::WAIT_HTTP);
        let mut pending = before;
        let walk = after_analyser(Analyser::TransferBody, before, after, &mut pending);
        assert_eq!(walk, Walk::Restart);
    }

    #[test]
    fn call_order_is_bit_order_but_for_two() {
        let bits: Vec<u32> = Analyser::REQUEST_ORDER
            .iter()
            .filter(|analyser| !matches!(analyser, Analyser::ServerRules | Analyser::HttpTarpit))
            .map(|analyser| analyser.bit().bits())
            .collect();
        assert!(bits.is_sorted());
    }
}
