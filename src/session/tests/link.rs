//! A simulated agent behind a bad link, many times over.
//!
//! The agent behaves as the real one does: it resends the head of its queue only, says nothing to a duplicate of
//! ours, and takes no input before its terminal is ready.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use formats::payload::parse_json;

use super::*;

/// A generator that gives the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// What the link does to messages, in percent, and how long it takes.
#[derive(Clone, Copy)]
struct Faults {
    drop: u64,
    duplicate: u64,
    reorder: u64,
    delay_ms: u64,
    /// The connection breaks about this often.
    cut_every_ms: Option<u64>,
    pause: bool,
}

const CLEAN: Faults = Faults {
    drop: 0,
    duplicate: 0,
    reorder: 0,
    delay_ms: 1,
    cut_every_ms: None,
    pause: false,
};
const BAD: Faults = Faults {
    drop: 10,
    duplicate: 20,
    reorder: 30,
    delay_ms: 5,
    cut_every_ms: None,
    pause: false,
};

#[derive(Default)]
struct Link {
    under_way: BTreeMap<(Instant, u64), AgentMessage>,
    count: u64,
}

impl Link {
    fn send(&mut self, now: Instant, message: &AgentMessage, faults: &Faults, random: &mut Random) {
        let copies = 1 + u64::from(random.percent(faults.duplicate));
        for _ in 0..copies {
            // The service does not lose the end of a session, nor the word that holds or starts the stream.
            let reliable = !message.message_type.is_stream()
                && message.message_type != MessageType::Acknowledge;
            if !reliable && random.percent(faults.drop) {
                continue;
            }
            let mut at = now + millis(faults.delay_ms);
            if !reliable && random.percent(faults.reorder) {
                at += millis(1 + random.below(40));
            }
            self.count += 1;
            self.under_way.insert((at, self.count), message.clone());
        }
    }

    fn next_at(&self) -> Option<Instant> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    fn arrive(&mut self, now: Instant) -> Option<AgentMessage> {
        self.next_at().filter(|at| *at <= now)?;
        self.under_way.pop_first().map(|(_, message)| message)
    }
}

struct Agent {
    ready_at: Instant,
    to_send: VecDeque<Bytes>,
    next_sequence: i64,
    unacknowledged: VecDeque<(AgentMessage, Instant)>,
    expected: i64,
    parked: BTreeMap<i64, AgentMessage>,
    input: Vec<u8>,
    input_wanted: usize,
    next_output_at: Instant,
    resend_at: Instant,
    closed: bool,
}

impl Agent {
    fn handle(&mut self, now: Instant, message: AgentMessage) -> Option<AgentMessage> {
        if message.message_type == MessageType::Acknowledge {
            let body: Acknowledge = parse_json("acknowledge", &message.payload).unwrap();
            self.unacknowledged
                .retain(|(sent, _)| sent.sequence_number != body.sequence_number);
            return None;
        }
        let early = now < self.ready_at;
        if message.sequence_number < self.expected
            || (early && message.sequence_number == self.expected)
        {
            return None;
        }
        let answer = acknowledge(&message);
        self.parked.insert(message.sequence_number, message);
        while let Some(message) = self.parked.remove(&self.expected) {
            self.expected += 1;
            if message.payload_type == PayloadType::OUTPUT {
                self.input.extend_from_slice(&message.payload);
            }
        }
        Some(answer)
    }

    /// One message a millisecond at most; the head of the queue again when it waited 200 ms.
    fn poll(&mut self, now: Instant) -> Option<AgentMessage> {
        if now >= self.next_output_at
            && let Some(payload) = self.to_send.pop_front()
        {
            self.next_output_at = now + millis(1);
            let message = stream(self.next_sequence, PayloadType::OUTPUT, &payload);
            self.next_sequence += 1;
            self.unacknowledged.push_back((message.clone(), now));
            return Some(message);
        }
        if now >= self.resend_at {
            self.resend_at = now + millis(100);
            if let Some((message, sent_at)) = self.unacknowledged.front_mut()
                && now >= *sent_at + millis(200)
            {
                *sent_at = now;
                return Some(message.clone());
            }
        }
        let done = self.to_send.is_empty()
            && self.unacknowledged.is_empty()
            && self.input.len() >= self.input_wanted;
        (done && !self.closed).then(|| {
            self.closed = true;
            outside(MessageType::ChannelClosed, b"{}")
        })
    }

    fn next_at(&self) -> Option<Instant> {
        let output = (!self.to_send.is_empty()).then_some(self.next_output_at);
        let resend = (!self.unacknowledged.is_empty()).then_some(self.resend_at);
        output.into_iter().chain(resend).min()
    }
}

/// Runs one session over a link with `faults`; gives how long it took in simulated time.
fn check(seed: u64, faults: Faults, messages: usize, keys: usize) -> Duration {
    let mut random = Random(seed);
    let began = start();
    let mut now = began;
    let output: Vec<Bytes> = (0..messages)
        .map(|number| Bytes::from(format!("line {number} {}\r\n", random.next())))
        .collect();
    let input: Vec<u8> = (0..keys).map(|_| random.next() as u8).collect();
    let mut agent = Agent {
        ready_at: began + millis(500),
        to_send: output.iter().cloned().collect(),
        next_sequence: 0,
        unacknowledged: VecDeque::new(),
        expected: 0,
        parked: BTreeMap::new(),
        input: Vec::new(),
        input_wanted: keys,
        next_output_at: began,
        resend_at: began,
        closed: false,
    };
    let (mut down, mut up) = (Link::default(), Link::default());
    let mut channel = connected(now);
    let mut typed = 0;
    let mut shown: Vec<Bytes> = Vec::new();
    let mut surfaced = BTreeSet::new();
    let mut ahead = BTreeSet::new();
    let mut offline_until: Option<Instant> = None;
    let mut cut_at = faults.cut_every_ms.map(|every| began + millis(every));
    let mut paused_until: Option<Instant> = None;
    while !channel.is_closed() {
        assert!(
            now < began + millis(4_000_000),
            "seed {seed} makes no progress"
        );
        if offline_until.is_none() {
            while let Some(message) = down.arrive(now) {
                if message.message_type.is_stream() && message.sequence_number > shown.len() as i64
                {
                    ahead.insert(message.sequence_number);
                }
                channel.handle_message(now, message);
                while let Some(Event::Message { message, effect }) = channel.poll_event() {
                    if message.message_type.is_stream() {
                        surfaced.insert(message.sequence_number);
                    }
                    if effect == Effect::Output {
                        shown.push(message.payload);
                    }
                }
            }
        }
        while let Some(message) = up.arrive(now) {
            if let Some(answer) = agent.handle(now, message) {
                down.send(now, &answer, &faults, &mut random);
            }
        }
        while offline_until.is_none()
            && let Some(message) = agent.poll(now)
        {
            down.send(now, &message, &faults, &mut random);
        }
        if typed < keys && random.percent(30) {
            let count = (1 + random.below(3) as usize).min(keys - typed);
            channel.send_input(now, &input[typed..typed + count]);
            typed += count;
        }
        if faults.pause && paused_until.is_none() && random.percent(1) {
            paused_until = Some(now + millis(50));
            channel.handle_message(now, outside(MessageType::PausePublication, b""));
        }
        if paused_until.is_some_and(|until| now >= until) {
            paused_until = None;
            channel.handle_message(now, outside(MessageType::StartPublication, b""));
        }
        if cut_at.is_some_and(|at| now >= at) && !channel.is_closing() {
            cut_at = faults
                .cut_every_ms
                .map(|every| now + millis(every / 2 + random.below(every)));
            down.under_way.clear();
            up.under_way.clear();
            // A channel that closes meanwhile is closed again on the next connection.
            agent.closed = false;
            channel.handle_disconnect(now);
            offline_until = Some(now + millis(20 + random.below(200)));
        }
        if offline_until.is_some_and(|until| now >= until) {
            offline_until = None;
            channel.open(now, WALL, &Token::new(String::new()));
        }
        channel.handle_timeout(now);
        for message in sent(&mut channel, now) {
            if message.message_type == MessageType::Acknowledge {
                let body: Acknowledge = parse_json("acknowledge", &message.payload).unwrap();
                let sequence = body.sequence_number;
                assert!(
                    surfaced.contains(&sequence) || ahead.contains(&sequence),
                    "seed {seed}: {sequence}"
                );
            }
            up.send(now, &message, &faults, &mut random);
        }
        while channel.poll_event().is_some() {}
        let wake_up = channel.poll_timeout();
        assert!(
            wake_up.is_none_or(|wake_up| wake_up > now),
            "seed {seed}: a wake-up in the past"
        );
        let ends = [
            down.next_at(),
            up.next_at(),
            wake_up,
            agent.next_at(),
            offline_until,
            paused_until,
        ];
        let step = now + millis(1 + random.below(5));
        now = ends
            .into_iter()
            .flatten()
            .chain([step])
            .filter(|at| *at > now)
            .min()
            .unwrap();
    }
    assert_eq!(shown.len(), output.len(), "seed {seed}");
    assert_eq!(shown, output, "seed {seed}");
    assert_eq!(agent.input, input, "seed {seed}");
    now - began
}

#[test]
fn a_clean_link_carries_everything_without_waiting() {
    let took = check(1, CLEAN, 2000, 500);
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn loss_duplicates_and_reordering_in_both_directions_lose_and_double_nothing() {
    for seed in 0..20 {
        check(seed, BAD, 300, 300);
    }
    check(100, BAD, 4000, 2000);
}

#[test]
fn half_of_everything_lost_is_still_everything_in_the_end() {
    for seed in 0..5 {
        check(seed, Faults { drop: 50, ..BAD }, 100, 100);
    }
}

#[test]
fn cut_connections_and_pauses_lose_and_double_nothing() {
    for seed in 0..20 {
        let faults = Faults {
            cut_every_ms: Some(400),
            pause: true,
            ..BAD
        };
        check(seed, faults, 300, 300);
    }
}
