//! TEMP
use crate::session::{Session, Side};
use crate::worker::{Core, Worker};
pub struct CliApplet {
    socket: u32,
}
impl CliApplet {
    pub fn new(socket: u32, _core: &Core) -> Self {
        Self { socket }
    }
    pub fn run(&mut self, _session: &mut Session, _side: Side, _worker: &mut Worker) {
        let _ = self.socket;
    }
}
