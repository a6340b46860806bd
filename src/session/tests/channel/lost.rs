//! Acknowledgements that a break took with it: the agent has the messages, and never says so again.
//!
//! Nothing here waits: time is what the channel asks for.

use super::*;

/// What an agent has of ours; it acknowledges a message once, when it comes.
#[derive(Default)]
struct Agent {
    has: std::collections::BTreeSet<i64>,
}

impl Agent {
    fn take(&mut self, message: &AgentMessage) -> Option<AgentMessage> {
        let is_new = self.has.insert(message.sequence_number);
        is_new.then(|| acknowledge(message))
    }
}

/// Sends 200 KiB, of whose acknowledgements none of the first window comes, and of the others those for which `comes`
/// says so by their number. Gives how long it took until the agent had it all.
fn check(comes: impl Fn(i64) -> bool) -> Duration {
    let began = start();
    let mut now = began;
    let mut channel = open(now);
    channel.send_input(now, &vec![b'x'; 200 * 1024]);
    let mut agent = Agent::default();
    for message in sent(&mut channel, now) {
        agent.take(&message);
    }
    let first = agent.has.len();
    channel.handle_disconnect(now);
    now += millis(300);
    channel.open(now, WALL, &Token::new("another".to_owned()));
    while agent.has.len() < 200 {
        assert!(
            now < began + millis(60_000),
            "only {} arrived",
            agent.has.len()
        );
        channel.handle_timeout(now);
        for message in sent(&mut channel, now) {
            let answer = agent.take(&message);
            if let Some(answer) = answer.filter(|_| comes(message.sequence_number)) {
                channel.handle_message(now, answer);
                effects(&mut channel);
            }
        }
        now = channel.poll_timeout().unwrap_or(now).max(now + millis(1));
    }
    assert!(first >= 64, "{first}");
    now - began
}

#[test]
fn a_window_without_an_answer_is_got_over_in_seconds() {
    assert!(check(|_| true) < millis(10_000));
}

#[test]
fn so_it_is_when_later_ones_are_lost_as_well() {
    assert!(check(|sequence| sequence % 3 == 0) < millis(60_000));
    assert!(check(|sequence| sequence % 2 == 0) < millis(60_000));
}

#[test]
fn an_agent_that_answers_nothing_is_not_flooded() {
    let mut now = start();
    let began = now;
    let mut channel = open(now);
    channel.send_input(now, &vec![b'x'; 600 * 1024]);
    let mut numbers = std::collections::BTreeSet::new();
    while now < began + millis(60_000) {
        channel.handle_timeout(now);
        numbers.extend(
            sent(&mut channel, now)
                .iter()
                .map(|sent| sent.sequence_number),
        );
        now = channel.poll_timeout().unwrap().max(now + millis(1));
    }
    assert!(
        (64..200).contains(&numbers.len()),
        "{} messages",
        numbers.len()
    );
}
