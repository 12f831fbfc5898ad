//! Whatever else the system has, by cpal: CoreAudio, WASAPI, and two ALSA cards. The input has a thread of its own, and
//! may have a clock of its own: [`drift`] joins it to the output's, whose thread runs the chain.

use super::chain::Chain;
use super::drift::{self, InputEnd, OutputEnd, Watch};
use super::priority::Thread;
use super::stream::{
    Alarm, Clock, Link, Lost, MakeChain, Named, OpenError, Opened, PERIODS, RATES, Request,
    channels, from_one, milliseconds,
};
use crate::loader::thread::Format;
use crate::processor::MAX_CHANNELS;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, ErrorKind, FromSample, Sample, SampleFormat, SizedSample, StreamConfig,
    SupportedStreamConfigRange,
};
use std::array;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long is waited for a device to open.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest block that is taken at once; longer ones are cut.
const LONGEST: usize = 1024;

/// Both directions.
pub struct Stream {
    /// The output first: dropped first, nobody asks for what no longer comes.
    _streams: Vec<cpal::Stream>,
    watch: Option<Watch>,
    /// What the output's buffer holds when it is written to, in ms.
    buffered_ms: f64,
}

impl Stream {
    pub fn link(&self) -> Link {
        let joined = self.watch.as_ref().map(Watch::now);
        let between = joined.map_or(0.0, |joined| 1000.0 * joined.delay);
        Link {
            round_trip_ms: Some(self.buffered_ms + between),
            drift_ppm: joined.map(|joined| joined.drift_ppm),
            gaps: joined.map_or(0, |joined| joined.underruns + joined.overruns),
        }
    }
}

/// One direction, before it is opened.
struct Side {
    device: cpal::Device,
    id: String,
    ranges: Vec<SupportedStreamConfigRange>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

fn told(device: &str, error: &cpal::Error) -> OpenError {
    let device = device.to_owned();
    match error.kind() {
        ErrorKind::DeviceBusy => OpenError::Busy { device },
        ErrorKind::PermissionDenied => OpenError::Denied { device },
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => OpenError::Missing {
            device,
            what: "a sound device",
        },
        _ => OpenError::System {
            device,
            what: error.to_string(),
        },
    }
}

impl Side {
    fn find(host: &cpal::Host, name: Option<&str>, way: Way) -> Result<Self, OpenError> {
        let system = host.id().to_string();
        let device = match (name, way) {
            (None, Way::In) => host.default_input_device(),
            (None, Way::Out) => host.default_output_device(),
            (Some(name), _) => {
                let by_id = host.device_by_id(&cpal::DeviceId::new(host.id(), name));
                let named =
                    |device: &cpal::Device| device.description().is_ok_and(|it| it.name() == name);
                by_id.or_else(|| host.devices().ok()?.find(named))
            }
        };
        let Some(device) = device else {
            let name = name.map(|name| format!(":{name}"));
            return Err(OpenError::Missing {
                device: system + name.as_deref().unwrap_or_default(),
                what: match way {
                    Way::In => "an input",
                    Way::Out => "an output",
                },
            });
        };
        let id = device.id().map_or(system, |id| id.to_string());
        let ranges = match way {
            Way::In => device.supported_input_configs().map(Iterator::collect),
            Way::Out => device.supported_output_configs().map(Iterator::collect),
        };
        let ranges: Vec<_> = ranges.map_err(|error| told(&id, &error))?;
        Ok(Self { device, id, ranges })
    }

    /// Whether its thread waits for a card: what never lets the processor go must not be before everything else.
    fn is_hardware(&self) -> bool {
        let name = self.id.strip_prefix("alsa:").unwrap_or_default();
        ["hw:", "plughw:"].iter().any(|it| name.starts_with(it))
    }

    fn most_channels(&self) -> usize {
        let most = self.ranges.iter().map(|range| range.channels()).max();
        usize::from(most.unwrap_or(0)).min(MAX_CHANNELS)
    }

    fn has_rate(&self, rate: u32) -> bool {
        self.ranges.iter().any(|range| range.contains_rate(rate))
    }

    fn refuses_rate(&self, wanted: u32) -> OpenError {
        let known = RATES.iter().filter(|rate| self.has_rate(**rate));
        let known: Vec<_> = known.map(|rate| rate.to_string()).collect();
        OpenError::Rate {
            device: self.id.clone(),
            wanted,
            supported: match known.as_slice() {
                [] => "none of the usual ones".to_owned(),
                known => format!("{} Hz", known.join(", ")),
            },
        }
    }

    /// The encoding and the number of channels at that rate: float first, and no more channels than are needed.
    fn settings(&self, rate: u32, needed: usize) -> Result<(SampleFormat, u16), OpenError> {
        let fits = |range: &&SupportedStreamConfigRange| {
            range.contains_rate(rate)
                && usize::from(range.channels()) >= needed
                && place(range.sample_format()).is_some()
        };
        let best = self.ranges.iter().filter(fits);
        let best = best.min_by_key(|range| (range.channels(), place(range.sample_format())));
        let found = best.map(|range| (range.sample_format(), range.channels()));
        found.ok_or_else(|| OpenError::System {
            device: self.id.clone(),
            what: "it has no sample format that is known here".to_owned(),
        })
    }
}

/// The best first.
fn place(format: SampleFormat) -> Option<usize> {
    let known = [
        SampleFormat::F32,
        SampleFormat::I32,
        SampleFormat::I24,
        SampleFormat::F64,
        SampleFormat::I16,
        SampleFormat::U16,
    ];
    known.iter().position(|one| *one == format)
}

/// Opens and starts.
pub(super) fn open(
    host: cpal::HostId,
    request: &Request,
    input: &Named,
    output: Option<&str>,
    make: MakeChain<'_>,
    alarm: &Arc<Alarm>,
) -> Result<(Stream, Opened), OpenError> {
    let host = cpal::host_from_id(host).map_err(|error| told(&host.to_string(), &error))?;
    let output = Side::find(&host, output, Way::Out)?;
    let input = match input {
        None => None,
        Some(name) => Some(Side::find(&host, name.as_deref(), Way::In)?),
    };
    let asked = request.output_channels.as_deref();
    let outputs = channels(asked, output.most_channels(), &output.id)?;
    let asked = request.input_channels.as_deref();
    let inputs = match &input {
        None => Vec::new(),
        Some(input) => channels(asked, input.most_channels(), &input.id)?,
    };
    let refusing = |rate: u32| {
        let both = [Some(&output), input.as_ref()];
        both.into_iter().flatten().find(|side| !side.has_rate(rate))
    };
    let rate = match request.rate {
        Some(rate) => refusing(rate).map_or(Ok(rate), |side| Err(side.refuses_rate(rate)))?,
        None => {
            let best = RATES.into_iter().find(|rate| refusing(*rate).is_none());
            best.ok_or_else(|| refusing(RATES[0]).unwrap_or(&output).refuses_rate(RATES[0]))?
        }
    };
    // What cannot be opened at one period may be at the next: the first error is the one that tells.
    let tried = request
        .period
        .map_or(PERIODS.to_vec(), |period| vec![period]);
    let mut first = None;
    for period in tried {
        let attempt = Attempt {
            rate,
            period,
            inputs: &inputs,
            outputs: &outputs,
            alarm,
        };
        match attempt.open(input.as_ref(), &output, make) {
            Ok(opened) => return Ok(opened),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or(OpenError::Missing {
        device: output.id,
        what: "an output",
    }))
}

struct Attempt<'a> {
    rate: u32,
    period: u32,
    inputs: &'a [usize],
    outputs: &'a [usize],
    alarm: &'a Arc<Alarm>,
}

impl Attempt<'_> {
    fn open(
        &self,
        input: Option<&Side>,
        output: &Side,
        make: MakeChain<'_>,
    ) -> Result<(Stream, Opened), OpenError> {
        let needed = |used: &[usize]| used.iter().max().map_or(1, |highest| highest + 1);
        let config = |channels| StreamConfig {
            channels,
            sample_rate: self.rate,
            buffer_size: BufferSize::Fixed(self.period),
        };
        let heard = self.inputs.len();
        let joint = match heard {
            0 => None,
            channels => Some(drift::pair(drift::Setup {
                channels,
                input_rate: self.rate,
                output_rate: self.rate,
                input_block: self.period as usize,
                output_block: self.period as usize,
                late: None,
            })),
        };
        let joint = joint.transpose().map_err(|fault| OpenError::System {
            device: output.id.clone(),
            what: fault.to_string(),
        })?;
        let (producer, consumer, watch) = match joint {
            Some((producer, consumer, watch)) => (Some(producer), Some(consumer), Some(watch)),
            None => (None, None, None),
        };
        let began = Instant::now();
        let chain = make(Format {
            sample_rate: self.rate,
            inputs: if heard == 0 {
                self.outputs.len()
            } else {
                heard
            },
            outputs: self.outputs.len(),
        });
        let (format, channels) = output.settings(self.rate, needed(self.outputs))?;
        let playback = Playback {
            chain,
            alarm: Arc::clone(self.alarm),
            consumer,
            began,
            asks: output.is_hardware(),
            heard: vec![vec![0.0; LONGEST]; heard],
            played: vec![vec![0.0; LONGEST]; self.outputs.len()],
            outputs: self.outputs.to_vec(),
            channels: usize::from(channels),
        };
        let playing = playback.start(&output.device, config(channels), format);
        let playing = playing.map_err(|error| told(&output.id, &error))?;
        let mut streams = vec![playing];
        if let (Some(input), Some(producer)) = (input, producer) {
            let (format, channels) = input.settings(self.rate, needed(self.inputs))?;
            let capture = Capture {
                alarm: Arc::clone(self.alarm),
                producer,
                began,
                asks: input.is_hardware(),
                planes: vec![vec![0.0; LONGEST]; heard],
                inputs: self.inputs.to_vec(),
                channels: usize::from(channels),
            };
            let hearing = capture.start(&input.device, config(channels), format);
            streams.push(hearing.map_err(|error| told(&input.id, &error))?);
        }
        for stream in &streams {
            stream.play().map_err(|error| told(&output.id, &error))?;
        }
        let period = streams[0].buffer_size().unwrap_or(self.period);
        let opened = Opened {
            input: input.map(|it| it.id.clone()),
            output: output.id.clone(),
            sample_rate: self.rate,
            period,
            input_channels: from_one(self.inputs),
            output_channels: from_one(self.outputs),
            clock: if heard == 0 { Clock::One } else { Clock::Two },
            notes: Vec::new(),
        };
        let stream = Stream {
            _streams: streams,
            watch,
            // One of two periods is still to be heard when the other is asked for.
            buffered_ms: milliseconds(period, self.rate),
        };
        Ok((stream, opened))
    }
}

/// What a driver tells.
fn hear(alarm: &Alarm, error: &cpal::Error) {
    match error.kind() {
        ErrorKind::Xrun => alarm.xrun(),
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => alarm.lose(Lost::Unplugged),
        ErrorKind::StreamInvalidated => alarm.lose(Lost::Changed),
        // The sound goes on; the priority is told elsewhere.
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => {}
        _ => alarm.lose(Lost::Failed),
    }
}

/// The input's callback.
struct Capture {
    alarm: Arc<Alarm>,
    producer: InputEnd,
    began: Instant,
    /// For real-time priority, the first time.
    asks: bool,
    planes: Vec<Vec<f32>>,
    inputs: Vec<usize>,
    channels: usize,
}

impl Capture {
    fn start(
        self,
        device: &cpal::Device,
        config: StreamConfig,
        format: SampleFormat,
    ) -> Result<cpal::Stream, cpal::Error> {
        match format {
            SampleFormat::F32 => self.start_as::<f32>(device, config),
            SampleFormat::I32 => self.start_as::<i32>(device, config),
            SampleFormat::I24 => self.start_as::<cpal::I24>(device, config),
            SampleFormat::F64 => self.start_as::<f64>(device, config),
            SampleFormat::U16 => self.start_as::<u16>(device, config),
            _ => self.start_as::<i16>(device, config),
        }
    }

    fn start_as<T: SizedSample + Send + 'static>(
        mut self,
        device: &cpal::Device,
        config: StreamConfig,
    ) -> Result<cpal::Stream, cpal::Error>
    where
        f32: FromSample<T>,
    {
        let alarm = Arc::clone(&self.alarm);
        device.build_input_stream::<T, _, _>(
            config,
            move |sound, _| {
                let at = self.began.elapsed();
                if std::mem::take(&mut self.asks) {
                    self.alarm.ask_priority(Thread::Input);
                }
                let (whole, rate) = (self.channels * LONGEST, f64::from(config.sample_rate));
                let mut left = sound.len();
                for part in sound.chunks(whole) {
                    left -= part.len();
                    // As if each part had come in its own time.
                    let earlier = (left / self.channels) as f64 / rate;
                    let earlier = Duration::from_secs_f64(earlier);
                    self.take(part, at.saturating_sub(earlier));
                }
            },
            move |error| hear(&alarm, &error),
            Some(PATIENCE),
        )
    }

    /// Sound that was complete at `at`. Audio thread.
    fn take<T: Sample>(&mut self, sound: &[T], at: Duration)
    where
        f32: FromSample<T>,
    {
        let mut planes: [&[f32]; MAX_CHANNELS] = [&[]; MAX_CHANNELS];
        let used = self.inputs.len().min(MAX_CHANNELS);
        let each = self.planes.iter_mut().zip(&self.inputs);
        for (slice, (plane, &channel)) in planes.iter_mut().zip(each) {
            let frames = sound.chunks_exact(self.channels);
            let count = frames.len();
            for (value, frame) in plane.iter_mut().zip(frames) {
                *value = frame[channel].to_sample();
            }
            *slice = &plane[..count];
        }
        self.producer.push(&planes[..used], at);
    }
}

/// The output's callback, in which everything is played.
struct Playback {
    chain: Chain,
    alarm: Arc<Alarm>,
    /// `None`: nothing comes in.
    consumer: Option<OutputEnd>,
    began: Instant,
    /// For real-time priority, the first time.
    asks: bool,
    heard: Vec<Vec<f32>>,
    played: Vec<Vec<f32>>,
    outputs: Vec<usize>,
    channels: usize,
}

impl Playback {
    fn start(
        self,
        device: &cpal::Device,
        config: StreamConfig,
        format: SampleFormat,
    ) -> Result<cpal::Stream, cpal::Error> {
        match format {
            SampleFormat::F32 => self.start_as::<f32>(device, config),
            SampleFormat::I32 => self.start_as::<i32>(device, config),
            SampleFormat::I24 => self.start_as::<cpal::I24>(device, config),
            SampleFormat::F64 => self.start_as::<f64>(device, config),
            SampleFormat::U16 => self.start_as::<u16>(device, config),
            _ => self.start_as::<i16>(device, config),
        }
    }

    fn start_as<T: SizedSample + FromSample<f32> + Send + 'static>(
        mut self,
        device: &cpal::Device,
        config: StreamConfig,
    ) -> Result<cpal::Stream, cpal::Error> {
        let alarm = Arc::clone(&self.alarm);
        device.build_output_stream::<T, _, _>(
            config,
            move |sound, _| {
                if std::mem::take(&mut self.asks) {
                    self.alarm.ask_priority(Thread::Output);
                }
                self.alarm.tell_priority();
                let at = self.began.elapsed();
                let (whole, rate) = (self.channels * LONGEST, f64::from(config.sample_rate));
                for (part, sound) in sound.chunks_mut(whole).enumerate() {
                    // As if each part had been asked for in its own time.
                    let later = (part * LONGEST) as f64 / rate;
                    self.give(sound, at + Duration::from_secs_f64(later));
                }
            },
            move |error| hear(&alarm, &error),
            Some(PATIENCE),
        )
    }

    /// Sound that is asked for at `at`. Audio thread.
    fn give<T: Sample + FromSample<f32>>(&mut self, sound: &mut [T], at: Duration) {
        let frames = sound.len() / self.channels;
        if let Some(consumer) = &mut self.consumer {
            let mut planes: [&mut [f32]; MAX_CHANNELS] = array::from_fn(|_| &mut [][..]);
            let used = self.heard.len().min(MAX_CHANNELS);
            for (slice, plane) in planes.iter_mut().zip(&mut self.heard) {
                *slice = &mut plane[..frames];
            }
            consumer.pull(&mut planes[..used], at);
        }
        self.chain
            .process_planes(&self.heard, &mut self.played, frames);
        for (at, frame) in sound.chunks_exact_mut(self.channels).enumerate() {
            frame.fill(T::EQUILIBRIUM);
            for (plane, &channel) in self.played.iter().zip(&self.outputs) {
                frame[channel] = plane[at].to_sample();
            }
        }
    }
}
