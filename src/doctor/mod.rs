//! What stands between a person and a recorded session: each thing looked at by itself, all of them at once, and judged.
//!
//! Nothing is changed by a look: no folder is made, nothing stored, no session started, and nothing secret is told. No
//! look goes on for ever; who does not answer is said not to.

mod access;
mod configuration;
mod keeping;
mod network;
pub(crate) mod plugin;
mod preferences;
mod screen;
mod signer;
mod target;
pub(crate) mod verdict;

use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use crate::aws::{Access, Way};
use crate::service::nodes::Node;
use crate::service::{Error, Service};
use crate::settings::{Flags, Layers, Places, Purpose, Settings, Sources};
use crate::signing::{self, Key};
use crate::spool::{Spool, backlog};
use crate::store::s3::Encryption;
use crate::store::standing::{self, Folder};
use crate::store::{Pace, S3, Store};
use crate::words::{causes, size, time};

use keeping::Wanted;
use network::Endpoint;
use verdict::{Finding, Findings, Group};

pub(crate) use signer::Signers;

/// How long an answer may take.
const CALL: Duration = Duration::from_secs(4);
/// How long a disk may take.
const DISK: Duration = Duration::from_secs(4);
/// How long the way to AWS may take to settle where a person may be asked for a code.
const PERSON: Duration = Duration::from_secs(60);

/// What is to be looked at.
pub(crate) struct Question<'a> {
    pub(crate) access: Access,
    /// Where Systems Manager answers, instead of the region's endpoint.
    pub(crate) endpoint: Option<String>,
    pub(crate) flags: Flags,
    /// An id or a name.
    pub(crate) target: Option<&'a str>,
    /// Somebody sits there who can be asked for an MFA code.
    pub(crate) is_attended: bool,
    /// Whose signatures count.
    pub(crate) signers: &'a dyn Fn(&Settings) -> Signers,
    pub(crate) now: SystemTime,
}

/// What became of a call.
#[derive(Debug)]
enum Called<T> {
    Answered(T),
    Failed(Error),
    Late(Late),
    /// Something else is in the way.
    NotAsked(String),
}

/// Nothing came within this time.
#[derive(Clone, Copy, Debug)]
struct Late(Duration);

impl Late {
    const TRY_AGAIN: &'static str = "try again; the AWS health dashboard tells of outages";

    fn finding(self, group: Group, check: &'static str) -> Finding {
        let seen = format!("no answer within {}", time::write_exactly(self.0));
        group.bad(check, seen, Self::TRY_AGAIN)
    }
}

async fn called<T>(call: impl Future<Output = Result<T, Error>>) -> Called<T> {
    match tokio::time::timeout(CALL, call).await {
        Ok(Ok(told)) => Called::Answered(told),
        Ok(Err(error)) => Called::Failed(error),
        Err(_) => Called::Late(Late(CALL)),
    }
}

/// On a thread that nobody waits for longer than for a disk: what hangs there hangs alone.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let work = move || drop(tell.send(work()));
    let thread = std::thread::Builder::new().name("doctor".to_owned());
    thread.spawn(work).ok()?;
    tokio::time::timeout(DISK, told).await.ok()?.ok()
}

/// Looks at everything, in some ten seconds at most.
pub(crate) async fn examine(question: Question<'_>) -> Findings {
    let sources = Sources::here();
    let layers = Layers::read(&sources, &question.flags, Purpose::Record);
    let mut findings = configuration::judged(&sources, &layers);
    let settings = Settings::of(layers).ok();
    let way = settled(&question).await;
    let places = settings.as_ref().map(|settings| {
        let places = settings.places_for(&question.access);
        places.map_err(|error| causes(&error))
    });
    let service = match &way {
        Ok(way) => {
            let endpoint = question.endpoint.as_deref();
            Service::by_way(way.clone(), &question.access, endpoint).map_err(|error| {
                let hint = error.hint().unwrap_or_default();
                Group::Access.bad("region", error.to_string(), hint)
            })
        }
        Err(finding) => Err(finding.clone()),
    };
    let bucket = bucket_of(&places, &way);
    let key = settings
        .as_ref()
        .and_then(|settings| settings.record.sign_key.clone());
    let endpoints = endpoints(&service, &way, bucket.as_ref(), key.as_ref()).await;
    let reached = match &way {
        Ok(way) => network::traced(way.network(), endpoints).await,
        Err(_) => Vec::new(),
    };
    let away = |service: &str| {
        network::is_away(&reached, service).then(|| format!("{service} is out of reach"))
    };
    let way = way.as_ref();
    let signing = async {
        let Some(settings) = &settings else {
            return vec![Group::Signing.unseen("key", MISTAKEN, "mend them first")];
        };
        let way = match away("kms") {
            Some(why) => Err(why),
            None => way.map_err(|finding| finding.seen.clone()),
        };
        let now = DateTime::<Utc>::from(question.now);
        signer::examined(key.as_ref(), &(question.signers)(settings), way, now).await
    };
    let asked = Asked {
        service: &service,
        way,
        away: &away,
        question: &question,
    };
    let kept = kept(&settings, &places, bucket, away("s3"), question.now);
    let ((asked, encrypting), kept, signing, plugin) =
        tokio::join!(asked.findings(), kept, signing, aside(plugins));
    if let (Some(id), Ok(way), false) = (encrypting, way, network::is_told(&reached, "kms")) {
        let address = signing::address(&id, way).await;
        let endpoint = Endpoint {
            service: "kms",
            address,
        };
        findings.extend(network::traced(way.network(), vec![endpoint]).await);
    }
    findings.extend(asked);
    findings.extend(reached);
    findings.extend(kept);
    findings.extend(signing);
    findings.extend(plugin.flatten());
    findings.extend(screen::judged(&screen::Facts::here()));
    // Each kind keeps its own order.
    findings.sort_by_key(|finding| finding.group);
    Findings(findings)
}

const MISTAKEN: &str = "the settings have mistakes";

async fn settled(question: &Question<'_>) -> Result<Way, Finding> {
    let limit = if question.is_attended { PERSON } else { CALL };
    match tokio::time::timeout(limit, Way::settle(&question.access)).await {
        Ok(Ok(way)) => Ok(way),
        Ok(Err(error)) => {
            let next = error.hint().unwrap_or_else(|| Late::TRY_AGAIN.to_owned());
            Err(Group::Access.bad("identity", causes(&error), next))
        }
        Err(_) => Err(Late(limit).finding(Group::Access, "identity")),
    }
}

type PlacesFound = Option<Result<Places, String>>;

/// The bucket, in no hurry less than a person is.
fn bucket_of(places: &PlacesFound, way: &Result<Way, Finding>) -> Option<S3> {
    let (Some(Ok(places)), Ok(way)) = (places, way) else {
        return None;
    };
    let pace = Pace {
        patience: CALL / 2,
        silence: CALL / 2,
        parallel_parts: 1,
    };
    match places.store.by_way(way).at_pace(pace) {
        Store::S3(s3) => Some(s3),
        Store::Directory(_) => None,
    }
}

async fn endpoints(
    service: &Result<Service, Finding>,
    way: &Result<Way, Finding>,
    bucket: Option<&S3>,
    key: Option<&Key>,
) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    let mut add = |service, address| endpoints.push(Endpoint { service, address });
    if let Ok(service) = service {
        let told = service.endpoints().await;
        add("ssm", told.ssm);
        if let Some(messages) = told.messages {
            add("ssmmessages", Ok(messages));
        }
        add("sts", told.sts);
    }
    if let (Some(Key::Kms(id)), Ok(way)) = (key, way) {
        add("kms", signing::address(id, way).await);
    }
    if let Some(bucket) = bucket.cloned() {
        match aside(move || bucket.address()).await {
            Some(address) => add("s3", address.map_err(|error| causes(&error))),
            None => add("s3", Err("it does not settle in time".to_owned())),
        }
    }
    endpoints
}

/// What the service is asked.
struct Asked<'a> {
    service: &'a Result<Service, Finding>,
    way: Result<&'a Way, &'a Finding>,
    away: &'a dyn Fn(&str) -> Option<String>,
    question: &'a Question<'a>,
}

impl Asked<'_> {
    /// And the key that sessions are encrypted with.
    async fn findings(&self) -> (Vec<Finding>, Option<String>) {
        let (service, way) = match (self.service, self.way) {
            (Ok(service), Ok(way)) => (service, way),
            (Err(finding), _) | (_, Err(finding)) => {
                let mut findings = vec![finding.clone()];
                if let Ok(way) = self.way {
                    let given = tokio::time::timeout(CALL, way.gives_credentials()).await;
                    findings.push(access::without_service(given.ok(), way.sign_in()));
                }
                if self.question.target.is_some() {
                    let target = Group::Target.unseen("agent", &finding.seen, "mend that first");
                    findings.push(target);
                }
                return (findings, None);
            }
        };
        let away = (self.away)("ssm");
        let nodes = async {
            match (self.question.target, &away) {
                (Some(_), Some(why)) => Some(Called::NotAsked(why.clone())),
                (Some(target), None) => Some(called(nodes_meant(service, target)).await),
                (None, _) => None,
            }
        };
        let (caller, preferences, sessions, listed, nodes) = tokio::join!(
            unless((self.away)("sts"), service.caller()),
            unless(away.clone(), service.preferences()),
            unless(away.clone(), service.tells_of_sessions()),
            unless(away.clone(), service.tells_of_nodes()),
            nodes
        );
        let region = service.region();
        let mut findings = vec![
            Group::Access.good("region", region),
            access::identity(&caller, way.sign_in()),
            access::clock(service.clock_offset_ms()),
            preferences::judged(&preferences),
            access::listing(
                &sessions,
                ("sessions", "ssm:DescribeSessions"),
                "an auditor needs it",
            ),
            access::listing(
                &listed,
                ("nodes", "ssm:DescribeInstanceInformation"),
                "to see whether a target is online needs it",
            ),
        ];
        if let (Some(target), Some(nodes)) = (self.question.target, nodes) {
            let now = DateTime::<Utc>::from(self.question.now);
            findings.extend(target::judged(&nodes, (target, region), now));
        }
        (findings, preferences::key(&preferences).map(str::to_owned))
    }
}

async fn unless<T>(
    in_the_way: Option<String>,
    call: impl Future<Output = Result<T, Error>>,
) -> Called<T> {
    match in_the_way {
        Some(why) => Called::NotAsked(why),
        None => called(call).await,
    }
}

/// Store and spool.
async fn kept(
    settings: &Option<Settings>,
    places: &PlacesFound,
    bucket: Option<S3>,
    away: Option<String>,
    now: SystemTime,
) -> Vec<Finding> {
    let (Some(settings), Some(places)) = (settings, places) else {
        return vec![
            Group::Store.unseen("store", MISTAKEN, "mend them first"),
            Group::Spool.unseen("spool", MISTAKEN, "mend them first"),
        ];
    };
    let places = match places {
        Ok(places) => places,
        Err(why) => {
            let next = "a store is a folder or s3://bucket/prefix: ssm-rec config";
            return vec![Group::Store.bad("store", why.as_str(), next)];
        }
    };
    let store = async {
        match &places.store {
            Store::Directory(directory) => {
                let root = directory.root().to_owned();
                vec![folder(Group::Store, root, "store, or --store").await]
            }
            Store::S3(_) => {
                of_bucket(&places.store.location(), bucket, away, wanted(settings)).await
            }
        }
    };
    let spool = async {
        let mut findings = vec![folder(Group::Spool, places.spool.clone(), "spool").await];
        let spool = Spool::new(places.spool.clone());
        findings.extend(aside(move || waiting(&spool, now)).await);
        findings
    };
    let (mut store, spool) = tokio::join!(store, spool);
    store.extend(spool);
    store
}

fn wanted(settings: &Settings) -> Wanted {
    let options = settings.upload.bucket();
    Wanted {
        retention: options.retention.is_some() || options.legal_hold,
        encryption: options.encryption != Encryption::default(),
    }
}

async fn of_bucket(
    location: &str,
    bucket: Option<S3>,
    away: Option<String>,
    wanted: Wanted,
) -> Vec<Finding> {
    let group = Group::Store;
    let Some(bucket) = bucket else {
        let why = "there is no way to AWS";
        return vec![group.unseen("bucket", why, "mend that first")];
    };
    if let Some(why) = away {
        return vec![group.unseen(
            "bucket",
            &why,
            "mend that first; recordings wait in the spool",
        )];
    }
    match aside(move || bucket.standing()).await {
        Some(Ok(standing)) => keeping::bucket(location, &standing, &wanted),
        Some(Err(error)) => {
            let next = error.hint().unwrap_or_else(|| Late::TRY_AGAIN.to_owned());
            vec![group.bad("bucket", causes(&error), next)]
        }
        None => vec![Late(DISK).finding(group, "bucket")],
    }
}

async fn folder(group: Group, path: std::path::PathBuf, setting: &'static str) -> Finding {
    let shown = path.display().to_string();
    let look = move || -> Folder { standing::look(&path) };
    match aside(look).await {
        Some(found) => keeping::folder(group, &shown, &found, setting),
        None => Late(DISK).finding(group, "folder"),
    }
}

fn waiting(spool: &Spool, now: SystemTime) -> Finding {
    let (group, check) = (Group::Spool, "waiting");
    let waiting = match spool.waiting() {
        Ok(waiting) => waiting,
        Err(error) => {
            let next = error.hint().unwrap_or_else(|| "make it yours".to_owned());
            return group.bad(check, causes(&error), next);
        }
    };
    if let Some(word) = backlog::word(spool, now) {
        return group.doubtful(check, word, "see what becomes of each: ssm-rec upload");
    }
    let bytes = waiting.iter().map(|one| one.bytes).sum();
    let running = waiting.iter().filter(|one| one.claimed).count();
    let all = match waiting.len() {
        0 => return group.good(check, "nothing"),
        1 => format!("1 recording, {}", size::write(bytes)),
        all => format!("{all} recordings, {}", size::write(bytes)),
    };
    let seen = match running {
        0 => all,
        running => format!("{all}; of {running} the session runs, or it is just being stored"),
    };
    group.good(check, seen)
}

fn plugins() -> Option<Finding> {
    let program = std::env::current_exe().ok()?;
    Some(plugin::judged(&plugin::on_path(Path::new(&program))))
}

/// The nodes that a target means, as `start` has it.
async fn nodes_meant(service: &Service, target: &str) -> Result<Vec<Node>, Error> {
    match target.starts_with("i-") || target.starts_with("mi-") {
        true => service.node(target).await,
        false => Ok(service.nodes_called(target, target::TOLD).await?.0),
    }
}
