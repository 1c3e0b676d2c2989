//! Where traces go: by the environment variables that `OpenTelemetry` has for it.

use std::time::Duration;

use super::context::TraceContext;

/// How long a collector may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most headers and attributes that are taken.
const PAIRS_MAX: usize = 64;

/// Which traces are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    /// Whether what is said by `traceparent` holds.
    follows_parent: bool,
    /// Of traces for which nothing is said, so many of 2^64.
    takes_below: u64,
}

impl Sampler {
    const ALWAYS: Self = Self { follows_parent: true, takes_below: u64::MAX };

    /// Whether a trace is told of. `chance` is drawn for one that begins here.
    #[must_use]
    pub fn takes(&self, parent: Option<&TraceContext>, chance: u64) -> bool {
        match parent {
            Some(parent) if self.follows_parent => parent.is_sampled,
            // The same for all who decide by the same share.
            Some(parent) => self.takes_chance(parent.trace.low()),
            None => self.takes_chance(chance),
        }
    }

    fn takes_chance(&self, chance: u64) -> bool {
        self.takes_below == u64::MAX || chance < self.takes_below
    }

    fn named(name: &str, argument: Option<&str>) -> Option<Self> {
        let (follows_parent, base) = match name.strip_prefix("parentbased_") {
            Some(base) => (true, base),
            None => (false, name),
        };
        let takes_below = match base {
            "always_on" => u64::MAX,
            "always_off" => 0,
            "traceidratio" => below(argument.unwrap_or("1"))?,
            _ => return None,
        };
        Some(Self { follows_parent, takes_below })
    }
}

/// A share from 0 to 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of 2^64"
)]
fn below(share: &str) -> Option<u64> {
    let share: f64 = share.trim().parse().ok()?;
    (0.0..=1.0).contains(&share).then_some((share * u64::MAX as f64) as u64)
}

/// Where traces go, and which.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The collector's address for traces.
    pub endpoint: String,
    /// Sent with each request: they may hold a key, and are shown nowhere.
    pub headers: Vec<(String, String)>,
    /// How long a request may take.
    pub timeout: Duration,
    /// What is said of this process.
    pub resource: Vec<(String, String)>,
    /// Which traces.
    pub sampler: Sampler,
}

/// A variable says something that it can't.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: expected {expected}")]
pub struct SettingsError {
    /// Which.
    pub variable: &'static str,
    /// What it can say.
    pub expected: &'static str,
}

impl Settings {
    /// What the environment says; `None` where no collector is named.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
        node: &str,
    ) -> Result<Option<Self>, SettingsError> {
        let given = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let is_off = given("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"))
            || given("OTEL_TRACES_EXPORTER").as_deref() == Some("none");
        let of_traces = given("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let of_all = given("OTEL_EXPORTER_OTLP_ENDPOINT");
        let endpoint = of_traces.or_else(|| of_all.map(|base| format!("{}/v1/traces", base.trim_end_matches('/'))));
        let Some(endpoint) = endpoint.filter(|_| !is_off) else { return Ok(None) };
        if !(endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
            let expected = "an address that begins with http:// or https://";
            return Err(SettingsError { variable: "OTEL_EXPORTER_OTLP_ENDPOINT", expected });
        }
        let protocol = given("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| given("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if protocol.is_some_and(|protocol| protocol != "http/protobuf") {
            let expected = "http/protobuf, which the collector takes on its port 4318";
            return Err(SettingsError { variable: "OTEL_EXPORTER_OTLP_PROTOCOL", expected });
        }
        let pairs = |name: &'static str| match given(name) {
            None => Ok(None),
            Some(text) => {
                let expected = "name=value,name=value";
                pairs(&text).map(Some).ok_or(SettingsError { variable: name, expected })
            }
        };
        let headers = pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS")?.or(pairs("OTEL_EXPORTER_OTLP_HEADERS")?);
        let timeout = given("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT").or_else(|| given("OTEL_EXPORTER_OTLP_TIMEOUT"));
        let timeout = match timeout.map(|text| text.parse()) {
            None => TIMEOUT,
            Some(Ok(millis)) => Duration::from_millis(millis),
            Some(Err(_)) => {
                let expected = "a whole number of milliseconds";
                return Err(SettingsError { variable: "OTEL_EXPORTER_OTLP_TIMEOUT", expected });
            }
        };
        let sampler = match given("OTEL_TRACES_SAMPLER") {
            None => Sampler::ALWAYS,
            Some(name) => {
                let expected = "always_on, always_off, traceidratio, each with parentbased_ before it or not, and a share \
                                from 0 to 1 in OTEL_TRACES_SAMPLER_ARG";
                let sampler = Sampler::named(&name, given("OTEL_TRACES_SAMPLER_ARG").as_deref());
                sampler.ok_or(SettingsError { variable: "OTEL_TRACES_SAMPLER", expected })?
            }
        };
        let mut resource = pairs("OTEL_RESOURCE_ATTRIBUTES")?.unwrap_or_default();
        let mut say = |name: &str, value: String| {
            if !resource.iter().any(|(known, _)| known == name) {
                resource.push((name.to_owned(), value));
            }
        };
        say("service.name", given("OTEL_SERVICE_NAME").unwrap_or_else(|| "rolecall".to_owned()));
        say("service.instance.id", node.to_owned());
        say("service.version", env!("CARGO_PKG_VERSION").to_owned());
        Ok(Some(Self { endpoint, headers: headers.unwrap_or_default(), timeout, resource, sampler }))
    }
}

impl Settings {
    /// The collector's address as logs may show it: without user and password, which may stand in it as well as in a header.
    #[must_use]
    pub fn shown(&self) -> String {
        let parts = self.endpoint.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1)));
        parts.map_or_else(|| self.endpoint.clone(), |(scheme, rest)| format!("{scheme}://***@{rest}"))
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("endpoint", &self.shown()).finish_non_exhaustive()
    }
}

/// `a=b,c=d`, with percent-encoding as in W3C Baggage.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_owned(), decoded(value.trim())?))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).take(PAIRS_MAX).map(pair).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if let (b'%', [high, low, behind @ ..]) = (first, behind) {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            bytes.push(u8::try_from(digit(high)? << 4 | digit(low)?).ok()?);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, SettingsError> {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, it)| (*it).to_owned());
        Settings::from_environment(variable, "rolecall-1")
    }

    #[test]
    fn without_a_collector_there_are_no_traces() {
        assert_eq!(read(&[]), Ok(None));
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
        assert_eq!(read(&[endpoint, ("OTEL_SDK_DISABLED", "true")]), Ok(None));
        assert_eq!(read(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]), Ok(None));
        let settings = read(&[endpoint]).expect("right").expect("a collector");
        assert_eq!(settings.endpoint, "http://collector:4318/v1/traces");
        assert_eq!(settings.sampler, Sampler::ALWAYS);
    }

    #[test]
    fn the_variables_of_traces_win_over_those_of_all() {
        let settings = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces.example/in"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=Bearer%20x%3D, b = 2"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,service.name=ours"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ]);
        let settings = settings.expect("right").expect("a collector");
        assert_eq!((settings.endpoint.as_str(), settings.timeout.as_millis()), ("https://traces.example/in", 2_500));
        let told = |pairs: &[(String, String)], name: &str| {
            pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        assert_eq!(told(&settings.headers, "authorization").as_deref(), Some("Bearer x="));
        assert_eq!(told(&settings.headers, "b").as_deref(), Some("2"));
        assert_eq!(told(&settings.resource, "service.name").as_deref(), Some("ours"));
        assert_eq!(told(&settings.resource, "service.instance.id").as_deref(), Some("rolecall-1"));
        assert!(!format!("{settings:?}").contains("Bearer"));
        let quarter = u64::MAX / 4;
        assert!(settings.sampler.takes(None, quarter - 4_096) && !settings.sampler.takes(None, quarter + 4_096));
    }

    #[test]
    fn a_password_in_the_address_is_not_shown() {
        let settings = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://us:hunter2@collector")]);
        let settings = settings.expect("right").expect("a collector");
        assert_eq!(settings.shown(), "https://***@collector/v1/traces");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        for (variable, wrong) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "key"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
        ] {
            assert_eq!(read(&[endpoint, (variable, wrong)]).expect_err("wrong").variable, variable);
        }
        assert!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]).is_err());
        let share = [endpoint, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "2")];
        assert!(read(&share).is_err());
    }

    #[test]
    fn a_sampler_follows_its_parent_only_where_it_says_so() {
        let context =
            |flags: &str| TraceContext::parse(&format!("00-0af7651916cd43ddffffffffffffffff-b7ad6b7169203331-{flags}"));
        let (yes, no) = (context("01"), context("00"));
        let takes = |name: &str, parent: &Option<TraceContext>| {
            Sampler::named(name, Some("0.5")).expect("a sampler").takes(parent.as_ref(), 0)
        };
        assert!(takes("parentbased_always_off", &yes) && !takes("parentbased_always_on", &no));
        assert!(takes("always_on", &no) && !takes("always_off", &yes));
        assert!(takes("traceidratio", &None) && !takes("traceidratio", &yes));
    }
}
