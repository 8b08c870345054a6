//! The command socket: `stats socket` lines, served by an applet in the server's place.
//!
//! Commands arrive as the output of the request channel and are carried out one after the
//! other; answers leave through the response channel at the client's pace. `parse` finds the
//! commands, `table` knows them all, the other files carry them out. Called by the session's
//! task through `Applet`. Invariants: an answer is complete before the next command is looked
//! at; what waits in `pending` is bounded by one step of a dump; one run of the task writes
//! `BYTES_PER_RUN` at most and then lets others run.

mod activity;
mod command;
mod control;
mod errors;
mod format;
mod frontend;
mod info;
mod limit;
mod parse;
mod sess;
mod stat;
mod table;

use command::{Answer, Call, Dump, Scene, Step, Terms};
use parse::{Words, command_end};

use crate::config::model::CliLevel;
use crate::engine::task::Wake;
use crate::session::channel::ChannelFlags;
use crate::session::{Session, Side};
use crate::worker::{Core, Worker};

/// A connection to a command socket.
pub struct CliApplet {
    terms: Terms,
    /// Produced and not yet in the channel.
    pending: String,
    /// How much of `pending` is in the channel already.
    sent: usize,
    dump: Option<Box<dyn Dump>>,
    /// The answer in production still needs its end.
    is_answering: bool,
    /// How far the first command was looked at.
    scanned: usize,
    has_served: bool,
    is_ending: bool,
    run: u32,
    /// Bytes that this run of the task may still produce.
    allowance: usize,
}

impl CliApplet {
    /// An applet for a connection to command socket number `socket`.
    pub fn new(socket: u32, core: &Core) -> Self {
        let sockets = &core.config.global.stats_sockets;
        let settings = usize::try_from(socket)
            .ok()
            .and_then(|index| sockets.get(index));
        let level = settings.map_or(CliLevel::User, |settings| settings.level);
        Self {
            terms: Terms {
                level,
                has_prompt: false,
            },
            pending: String::new(),
            sent: 0,
            dump: None,
            is_answering: false,
            scanned: 0,
            has_served: false,
            is_ending: false,
            run: 0,
            allowance: BYTES_PER_RUN,
        }
    }

    /// True while something produced waits for room in the channel.
    pub const fn is_blocked(&self) -> bool {
        self.sent < self.pending.len()
    }

    /// Answers as many commands as there are, as far as the channel and fairness allow.
    pub fn run(&mut self, session: &mut Session, _side: Side, worker: &mut Worker) {
        let run = worker.core.engine.scheduler.calls(session.task);
        if run != self.run {
            self.run = run;
            self.allowance = BYTES_PER_RUN;
        }
        if session.response.is_closing() {
            // Nobody is left to read an answer.
            self.pending.clear();
            self.sent = 0;
            end(session, &mut worker.core);
            return;
        }
        while self.flush(session, &mut worker.core) {
            if self.is_ending {
                end(session, &mut worker.core);
                return;
            }
            if self.allowance == 0 {
                worker.core.engine.scheduler.wake(session.task, Wake::OTHER);
                return;
            }
            if self.is_answering {
                self.produce(session, worker);
            } else if !self.next_command(session, worker) {
                return;
            }
        }
    }

    /// Moves what was produced into the channel; true when all of it went.
    fn flush(&mut self, session: &mut Session, core: &mut Core) -> bool {
        while self.is_blocked() {
            let Some(buffer) = session.response.attach(&mut core.buffers) else {
                return false;
            };
            let rest = self.pending.as_bytes().get(self.sent..).unwrap_or_default();
            let count = rest.len().min(buffer.room());
            if count == 0 || buffer.push(rest.get(..count).unwrap_or_default()).is_err() {
                return false;
            }
            session.response.received(count);
            self.sent += count;
        }
        self.pending.clear();
        self.sent = 0;
        true
    }

    /// Produces the next pieces of the running answer.
    fn produce(&mut self, session: &Session, worker: &Worker) {
        let scene = Scene {
            core: &worker.core,
            sessions: &worker.sessions,
            session,
            terms: self.terms,
        };
        while let Some(dump) = self.dump.as_mut() {
            let before = self.pending.len();
            if dump.step(&scene, &mut self.pending) == Step::Done {
                self.dump = None;
            }
            let produced = self.pending.len().saturating_sub(before);
            self.spend(produced);
            if self.pending.len() >= PIECE || self.allowance == 0 {
                break;
            }
        }
        if self.dump.is_none() {
            self.is_answering = false;
            self.pending
                .push_str(if self.terms.has_prompt { PROMPT } else { "\n" });
        }
    }

    /// Even what produces nothing costs something.
    const fn spend(&mut self, bytes: usize) {
        self.allowance = self
            .allowance
            .saturating_sub(bytes.saturating_add(STEP_COST));
    }

    /// Starts the next command; false when there is nothing to do until something arrives.
    fn next_command(&mut self, session: &mut Session, worker: &mut Worker) -> bool {
        let bytes = session.request.output_bytes();
        if let Some(end) = command_end(bytes, &mut self.scanned) {
            let words = Words::of_line(bytes.get(..end).unwrap_or_default());
            session.request.sent(end.saturating_add(1));
            session.request.release_if_empty(&mut worker.core.buffers);
            self.scanned = 0;
            self.has_served = true;
            self.spend(0);
            self.execute(&words, session, worker);
            return true;
        }
        let gone = ChannelFlags::SHUTR
            .union(ChannelFlags::SHUTW)
            .union(ChannelFlags::SHUTW_NOW);
        let is_served = self.has_served && !self.terms.has_prompt && bytes.is_empty();
        if bytes.len() >= worker.core.bufsize() {
            self.pending.push_str(TOO_LONG);
            self.is_ending = true;
        } else if is_served || session.request.flags.any(gone) {
            self.is_ending = true;
        }
        self.is_ending
    }

    fn execute(&mut self, words: &Words, session: &mut Session, worker: &mut Worker) {
        let mut call = Call {
            words,
            terms: &mut self.terms,
            session,
            worker,
        };
        let answer = table::call(&mut call);
        self.is_answering = true;
        match answer {
            Answer::Silent => {}
            Answer::Text(text) => {
                self.spend(text.len());
                self.pending.push_str(&text);
            }
            Answer::Dump(dump) => self.dump = Some(dump),
            Answer::Quit => {
                self.is_answering = false;
                self.is_ending = true;
            }
        }
    }
}

/// Ends the session: what is in the response's channel still leaves, the rest of the request
/// is dropped.
fn end(session: &mut Session, core: &mut Core) {
    let left = session.request.output();
    session.request.sent(left);
    session.request.release_if_empty(&mut core.buffers);
    session.shutw(Side::Server, core);
    session.shutr(Side::Server, core);
}

/// What separates answers for somebody who types.
const PROMPT: &str = "\n> ";
const TOO_LONG: &str = "The command does not fit into a buffer, closing.\n";
/// Produced before the channel is tried.
const PIECE: usize = 4096;
/// What one run of the task may produce: other connections wait meanwhile.
const BYTES_PER_RUN: usize = 256 * 1024;
/// What a command or a step of a dump costs besides its output.
const STEP_COST: usize = 64;
