//! Rules that change the client's connection: the addresses it goes by, and its packets.

use std::net::IpAddr;

use bumpalo::Bump;

use super::Scene;
use crate::config::model::AddressPart;
use crate::net::address::PeerAddress;
use crate::sample::expression::Expression;
use crate::session::Session;
use crate::sys::{self, Family, Fd, socket_option};
use crate::worker::Core;

impl Session {
    /// Replaces a part of the client's addresses; a value that is none changes nothing.
    pub(super) fn set_address(
        &mut self,
        part: AddressPart,
        expression: &'static Expression,
        (scene, arena): (Scene, &Bump),
        core: &Core,
    ) {
        if matches!(
            part,
            AddressPart::Destination | AddressPart::DestinationPort
        ) {
            self.client_destination();
        }
        let (ip, port) = match expression.eval(&self.context(scene, arena, core)).sample() {
            None => return,
            Some(value) => (value.as_ip(), value.as_int()),
        };
        let port = port.and_then(|port| u16::try_from(port).ok());
        let end = match part {
            AddressPart::Source | AddressPart::SourcePort => &mut self.source,
            AddressPart::Destination | AddressPart::DestinationPort => &mut self.destination,
        };
        match part {
            AddressPart::Source | AddressPart::Destination => {
                if let Some(ip) = ip {
                    *end = with_ip(*end, ip);
                }
            }
            AddressPart::SourcePort | AddressPart::DestinationPort => {
                if let Some(port) = port {
                    *end = with_port(*end, port);
                }
            }
        }
    }

    /// Marks the packets to the client; without the privilege they stay as they are.
    pub(super) fn set_mark(&self, mark: u32) {
        self.on_client_socket(|fd, _| socket_option::set_mark(fd, mark));
    }

    /// Sets the type of service of the packets to the client.
    pub(super) fn set_type_of_service(&self, value: u8) {
        self.on_client_socket(|fd, family| socket_option::set_type_of_service(fd, family, value));
    }

    /// Sees to it that the close of the client's connection is not told to the client.
    pub(super) fn silence_client(&self) {
        self.on_client_socket(socket_option::set_silent);
    }

    fn on_client_socket(&self, set: impl FnOnce(Fd, Family) -> std::io::Result<()>) {
        let Some(fd) = self.client.fd() else {
            return;
        };
        let family = match sys::socket::getsockname(fd) {
            Ok(PeerAddress::V4(..)) => Family::V4,
            Ok(PeerAddress::V6(..)) => Family::V6,
            Ok(PeerAddress::Unix | PeerAddress::None) | Err(_) => Family::Unix,
        };
        if let Err(error) = set(fd, family) {
            log::debug!("an option of the client's socket could not be set: {error}");
        }
    }
}

/// The end with another address and its own port, 0 when it had none.
fn with_ip(end: PeerAddress, ip: IpAddr) -> PeerAddress {
    match ip {
        IpAddr::V4(ip) => PeerAddress::V4(ip, end.port()),
        IpAddr::V6(ip) => PeerAddress::V6(ip, end.port()),
    }
}

/// The end with another port; one without an address gets the unspecified one.
fn with_port(end: PeerAddress, port: u16) -> PeerAddress {
    match end {
        PeerAddress::V4(..) | PeerAddress::V6(..) => end.with_port(port),
        PeerAddress::Unix | PeerAddress::None => {
            PeerAddress::V4(std::net::Ipv4Addr::UNSPECIFIED, port)
        }
    }
}
