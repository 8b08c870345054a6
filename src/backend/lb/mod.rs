//! TEMP
use crate::config::model::{Config, ProxyId, ServerId};
use crate::state::State;
pub enum Choice { Server(ServerId), AllFull, NoneUsable }
pub struct ChoiceContext<'a> { pub config: &'static Config, pub state: &'a State, pub backend: ProxyId, pub avoid: Option<ServerId>, pub client: Option<std::net::IpAddr> }
pub struct Balancer { next: usize }
impl Balancer {
  pub fn new(_config: &'static Config, _proxy: ProxyId) -> Self { Self{next:0} }
  pub fn choose(&mut self, c: &ChoiceContext<'_>) -> Choice {
      let s = &c.config.proxy(c.backend).servers; if s.is_empty() { return Choice::NoneUsable }
      self.next = (self.next+1) % s.len(); Choice::Server(s[self.next])
  }
  pub fn server_changed(&mut self, _state: &State, _server: ServerId) {}
  pub fn session_count_changed(&mut self, _server: ServerId, _sessions: u32) {}
}
