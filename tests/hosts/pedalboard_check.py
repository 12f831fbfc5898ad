"""The VST3 in a host that is not ours: python3 pedalboard_check.py Partita.vst3 FOLDER_OF_IMPULSES

`cargo xtask test` runs it. pedalboard is a JUCE host without a screen. It does not show what tail a plugin reports;
tests/plugin_clap.rs has that.
"""

import json
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pedalboard import load_plugin
from scipy.io import wavfile
from scipy.signal import fftconvolve

PLUGIN, IMPULSES = sys.argv[1], Path(sys.argv[2])

# The engine is within -120 dB of the definition; ten more for a host that passes f32 on.
EXACT_DB = -110
# What may be asked of a resampled response below 16 kHz: that rate and gain are right. A gain off by 0.0003 dB or a
# delay of a hundred-thousandth of a millisecond would be above.
RESAMPLED_DB = -90
# The mixer's SMOOTH_SECONDS, through four moving averages.
SMOOTH_SECONDS = 0.024
# A loader thread has that long on a busy machine. Nothing waits that long unless it fails.
PATIENCE_SECONDS = 30

NAMES = [
    "Bypass", "Mix", "Wet gain", "Output gain", "Pre-delay", "Pre-delay note", "Width", "Low cut", "High cut",
    "Cut slope", "Impulse", "Normalise", "Reverse", "Size", "Attack", "Attack curve", "Decay", "Decay curve",
    "Cut before onset", "Trim start", "Trim end", "Fade out", "Decay time 125 Hz", "Decay time 250 Hz",
    "Decay time 500 Hz", "Decay time 1 kHz", "Decay time 2 kHz", "Decay time 4 kHz", "Decay time 8 kHz", "Early/late",
    "Early/late split", "Next impulse", "Previous impulse",
]  # fmt: skip


def response(name):
    """Rate and channels of a factory impulse of 24 bits, as its file has them."""
    rate, samples = wavfile.read(IMPULSES / f"{name}.wav")
    assert samples.dtype == np.int32, samples.dtype
    return rate, np.atleast_2d(samples.astype(np.float64).T / 2.0**31)


def through(impulse, x):
    """The definition, for two inputs: LL, LR, RL, RR, or one response for each side."""
    if len(impulse) == 4:
        paths = [[(0, 0), (1, 2)], [(0, 1), (1, 3)]]
    else:
        paths = [[(0, 0)], [(1, 1)]]
    x = x.astype(np.float64)
    full = [sum(fftconvolve(x[i], impulse[h]) for i, h in side) for side in paths]
    return np.stack(full)[:, : x.shape[1]]


def error_db(got, expected):
    assert got.shape == expected.shape, (got.shape, expected.shape)
    error = np.sqrt(np.mean(np.abs(got - expected) ** 2))
    return 20 * np.log10(max(error, 1e-30) / np.sqrt(np.mean(np.abs(expected) ** 2)))


def noise(seconds, rate, seed):
    return (np.random.default_rng(seed).standard_normal((2, int(seconds * rate))) * 0.1).astype(np.float32)


def neutral(name):
    """An instance that is that impulse and nothing else."""
    plugin = load_plugin(PLUGIN)
    plugin.mix = 100
    plugin.normalise = False
    plugin.impulse = name
    return plugin


def settle(plugin, expected, x, rate, below=EXACT_DB, **how):
    """Plays until what was asked for has been loaded. Returns the error, in dB."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        y = plugin.process(x, rate, reset=True, **how)
        error = error_db(y, expected)
        if error < below or time.monotonic() > until:
            return error
        time.sleep(0.02)


def is_below(what, error, limit=EXACT_DB):
    print(f"  {what}: {error:.1f} dB")
    assert error < limit, f"{what}: {error:.1f} dB, expected below {limit} dB"


def listing():
    plugin = load_plugin(PLUGIN)
    assert (plugin.name, plugin.category, plugin.is_effect) == ("Partita", "Fx|Reverb", True)
    assert plugin.reported_latency_samples == 0, plugin.reported_latency_samples
    names = [parameter.name for parameter in plugin.parameters.values()]
    assert names == NAMES, names
    assert plugin.impulse == "hall" and plugin.mix == 30, (plugin.impulse, plugin.mix)
    for parameter in plugin.parameters.values():
        texts = [parameter.get_text_for_raw_value(raw) for raw in (0, parameter.default_raw_value, 1)]
        print("  {:18} {:>9} | {:>15} | {}".format(parameter.name, *texts))
    print(f"  {len(names)} parameters: lowest, default, highest; latency {plugin.reported_latency_samples}")


def texts():
    """What a parameter says comes back as the same, over the whole range; what is typed is understood."""
    plugin = load_plugin(PLUGIN)
    for key, parameter in plugin.parameters.items():
        for raw in np.linspace(0, 1, 101):
            text = parameter.get_text_for_raw_value(raw)
            again = parameter.get_text_for_raw_value(parameter.get_raw_value_for_text(text))
            assert text == again, (key, raw, text, again)
    for key, typed, shown in [
        ("pre_delay", "250 ms", "250 ms"),
        ("pre_delay", "0.25 s", "250 ms"),
        ("high_cut", "3.2 kHz", "3.2 kHz"),
        ("impulse", "plate", "plate"),
        ("low_cut", "off", "off"),
    ]:
        parameter = plugin.parameters[key]
        text = parameter.get_text_for_raw_value(parameter.get_raw_value_for_text(typed))
        assert text == shown, (key, typed, text)


def convolution():
    """Each kind of layout at its own rate, in blocks that hosts use and some that they do not."""
    for name, blocks in [("hall", (1, 7, 32, 64, 441, 1024, 8192)), ("spring", (64, 512)), ("echo-ping-pong", (480,))]:
        rate, impulse = response(name)
        x = noise(1.5, rate, 1)
        expected = through(impulse, x)
        plugin = neutral(name)
        is_below(f"{name}, loaded", settle(plugin, expected, x, rate))
        for block in blocks:
            y = plugin.process(x, rate, buffer_size=block, reset=True)
            is_below(f"{name}, blocks of {block}", error_db(y, expected))


def mono():
    """From one input to one output the mean of both sides of a true-stereo impulse is heard."""
    rate, impulse = response("hall")
    x = noise(1, rate, 2)[:1]
    expected = fftconvolve(x[0].astype(np.float64), impulse.sum(axis=0) / 2)[: x.shape[1]][np.newaxis]
    is_below("hall, mono", settle(neutral("hall"), expected, x, rate))


def rates():
    """At every rate the response has the spectrum of the file, and convolves as scipy does with it."""
    # One that the resampler gives no delay (src/impulse/resample.rs says which get one). All of it, in whole seconds.
    own_rate, impulse = response("hall")
    seconds = 4
    band = slice(50 * seconds, 16_000 * seconds)
    meant = np.fft.rfft(impulse[:2], own_rate * seconds)[:, band]
    plugin = neutral("hall")
    for rate in (44_100, 48_000, 88_200, 96_000, 192_000, 44_100):
        click = np.zeros((2, rate * seconds), np.float32)
        click[0, 0] = 1
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            left = plugin.process(click, rate, buffer_size=1024, reset=True).astype(np.float64)
            error = error_db(np.fft.rfft(left)[:, band], meant)
            if error < RESAMPLED_DB or time.monotonic() > until:
                break
            time.sleep(0.02)
        is_below(f"{rate} Hz, the response", error, RESAMPLED_DB)
        right = plugin.process(click[::-1], rate, buffer_size=1024, reset=True).astype(np.float64)
        x = noise(1, rate, 3)
        expected = through(np.concatenate([left, right]), x)
        for block in (33, 441, 2048):
            y = plugin.process(x, rate, buffer_size=block, reset=True)
            is_below(f"{rate} Hz, blocks of {block}", error_db(y, expected))


def automation():
    """A parameter from one end to the other: no step but the smoothing's own, then the new value exactly."""
    rate, frames = 48_000, 4_800
    plugin = load_plugin(PLUGIN)
    x = np.full((2, frames), 0.25, np.float32)
    plugin.mix = 0
    for block in (1, 64, 1000):
        plugin.output_gain = -24
        plugin.process(x, rate, buffer_size=block, reset=False)
        before = plugin.process(x, rate, buffer_size=block, reset=False)
        plugin.output_gain = 12
        change = plugin.process(x, rate, buffer_size=block, reset=False)
        after = plugin.process(x, rate, buffer_size=block, reset=False)
        low, high = (0.25 * 10 ** (db / 20) for db in (-24, 12))
        is_below(f"blocks of {block}, before", error_db(before, np.full_like(before, low)))
        is_below(f"blocks of {block}, after", error_db(after, np.full_like(after, high)))
        y = np.concatenate([before, change, after], axis=1)
        # Four averages of a quarter each are a cubic B-spline, whose peak is 2/3 of a quarter's height.
        steepest = (high - low) * 2 / 3 / (SMOOTH_SECONDS / 4 * rate)
        step = np.abs(np.diff(y.astype(np.float64), axis=1)).max()
        print(f"  blocks of {block}, largest step: {step:.5f}, the smoothing's: {steepest:.5f}")
        assert step < 1.01 * steepest, (step, steepest)


def every_parameter():
    """Each from one end to the other while it plays, the impulse over all its slots; then all is as before."""
    rate = 48_000
    x = noise(1, rate, 11)
    plugin = load_plugin(PLUGIN)
    before = plugin.process(x, rate, reset=True)
    values = shown(plugin)
    raw = {key: parameter.raw_value for key, parameter in plugin.parameters.items()}
    loudest = 0
    for key, parameter in plugin.parameters.items():
        for at in range(21):
            parameter.raw_value = at / 20
            y = plugin.process(x[:, :2000], rate, buffer_size=(64, 441, 1)[at % 3], reset=False)
            assert np.isfinite(y).all(), (key, at)
            loudest = max(loudest, np.abs(y).max())
        parameter.raw_value = raw[key]
    print(f"  loudest: {20 * np.log10(loudest):.1f} dBFS")
    plugin.process(x, rate, reset=False)
    assert shown(plugin) == values
    is_below("all back", settle(plugin, before, x, rate))


def tail():
    """When the input ends the impulse rings to its end, whatever the blocks, and then there is silence."""
    rate, impulse = response("spring")
    frames = impulse.shape[1]
    x = noise(0.5, rate, 12)
    padded = np.pad(x, ((0, 0), (0, frames + 4800)))
    expected = through(impulse, padded)
    plugin = neutral("spring")
    is_below("spring, loaded", settle(plugin, expected, padded, rate))
    for block in (64, 441, 1024):
        plugin.process(x, rate, buffer_size=block, reset=True)
        y = plugin.process(padded[:, x.shape[1] :], rate, buffer_size=block, reset=False)
        is_below(f"blocks of {block}, the tail", error_db(y, expected[:, x.shape[1] :]))
        last = np.flatnonzero(np.abs(y).max(axis=0) > 1e-6)[-1] + 1
        print(f"  heard above -120 dBFS for {last} of the impulse's {frames} samples")
        rest = np.abs(y[:, frames:]).max()
        assert last <= frames and rest < 1e-6, (last, frames, rest)


def impulse_while_it_plays():
    """Another impulse is chosen between blocks: the sound goes on, and then is the other's."""
    rate, impulse = response("plate")
    x = noise(1, rate, 4)
    plugin = neutral("hall")
    plugin.process(x, rate)
    plugin.impulse = "plate"
    quietest = np.inf
    for _ in range(5):
        y = plugin.process(x, rate, buffer_size=64, reset=False)
        assert np.isfinite(y).all()
        quietest = min(quietest, np.sqrt(np.mean(y.reshape(2, -1, 480) ** 2, axis=2)).min())
        time.sleep(0.1)
    assert quietest > 1e-3, f"a gap: 10 ms at {quietest:.2e} where noise at 0.1 plays"
    is_below("plate after hall", settle(plugin, through(impulse, x), x, rate))


def reset():
    """A reset forgets what has sounded, and nothing else; without one the sound goes on over the calls."""
    rate = 48_000
    x = noise(1, rate, 5)
    plugin = load_plugin(PLUGIN)
    once = plugin.process(x, rate, reset=True)
    assert np.array_equal(once, plugin.process(x, rate, reset=True)), "a second run differs"
    silence = np.zeros_like(x)
    rings = plugin.process(silence, rate, reset=False)
    assert np.abs(rings).max() > 1e-3, "no tail"
    plugin.process(x, rate, reset=True)
    assert not plugin.process(silence, rate, reset=True).any(), "the tail outlives a reset"
    parts = np.array_split(x, 97, axis=1)
    pieces = [plugin.process(part, rate, buffer_size=64, reset=at == 0) for at, part in enumerate(parts)]
    is_below("in 97 calls", error_db(np.concatenate(pieces, axis=1), once))


def bypass():
    rate = 48_000
    x = noise(0.5, rate, 6)
    plugin = load_plugin(PLUGIN)
    plugin.bypass = True
    plugin.process(x, rate)
    assert np.array_equal(plugin.process(x, rate, reset=True), x), "the dry does not come through to the bit"


def shown(plugin):
    """What every parameter is. The raw value of a host that rounds it is another after a restart."""
    return {key: str(getattr(plugin, key)) for key in plugin.parameters}


def state():
    """A new instance becomes the saved one. What is no state of ours changes nothing."""
    rate = 48_000
    x = noise(1, rate, 7)
    saved = load_plugin(PLUGIN)
    meant = {"impulse": "spring", "mix": 73.5, "output_gain": -6, "pre_delay": 20, "decay": 20, "reverse": True}
    for key, value in meant.items():
        setattr(saved, key, value)
    # It hears of its parameters while it plays, and then loads.
    saved.process(x, rate)
    time.sleep(0.5)
    expected = saved.process(x, rate, reset=True)
    held = saved.raw_state
    values = shown(saved)

    other = load_plugin(PLUGIN)
    other.raw_state = held
    assert shown(other) == values, (shown(other), values)
    is_below("restored", settle(other, expected, x, rate))
    for broken in (b"", b"no state", held[: len(held) // 2], held[::-1], held.replace(b"IComponent", b"IComponemt")):
        try:
            other.raw_state = broken
        except Exception as refused:  # the host's own refusal is as good
            print(f"  {len(broken)} bytes refused by the host: {refused}")
        assert shown(other) == values, "broken state changed a parameter"
    is_below("after broken states", settle(other, expected, x, rate))


# JUCE's own base 64: six bits at a time, the lowest first.
LETTERS = ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
COMPONENT = re.compile(rb"<IComponent>(\d+)\.(.*?)</IComponent>", re.DOTALL)


def session_of(raw):
    """The plugin's own JSON inside what the host saves."""
    size, letters = COMPONENT.search(raw).groups()
    sixes = np.array([LETTERS.index(letter) for letter in letters.decode()], np.uint8)
    bits = np.unpackbits(sixes[:, np.newaxis], axis=1, count=6, bitorder="little")
    return json.loads(np.packbits(bits, bitorder="little").tobytes()[: int(size)])


def with_session(raw, session):
    """What the host would save had the plugin given it that JSON."""
    data = json.dumps(session).encode()
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    sixes = np.packbits(np.pad(bits, (0, -len(bits) % 6)).reshape(-1, 6), axis=1, bitorder="little")
    letters = "".join(LETTERS[six] for six in sixes[:, 0])
    text = COMPONENT.sub(f"<IComponent>{len(data)}.{letters}</IComponent>".encode(), raw[8:])
    return raw[:4] + (len(text) - 1).to_bytes(4, "little") + text


def own_impulse():
    """A user's file: it plays, it is in the session, and plays from there when the file has gone."""
    rate = 48_000
    x = noise(1, rate, 9)
    # Half a second, made of 16-bit integers, a different one on each side.
    mine = np.random.default_rng(10).integers(-3000, 3000, (rate // 2, 2), np.int16)
    expected = through(mine.T / 2.0**15, x)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "my own größe.wav"
        wavfile.write(path, rate, mine)
        plugin = neutral("custom")
        plugin.process(x[:, :64], rate)
        raw = plugin.raw_state
        session = session_of(raw)
        instance = json.loads(session["fields"]["impulse"])
        instance["slot"] = 0
        instance["impulse"] = {"name": "mine", "path": str(path), "rating": 5}
        session["fields"]["impulse"] = json.dumps(instance)
        plugin.raw_state = with_session(raw, session)
        is_below("the user's file", settle(plugin, expected, x, rate))
        held = plugin.raw_state
    assert not path.exists()
    reference = json.loads(session_of(held)["fields"]["impulse"])["impulse"]
    assert (reference["path"], reference["rating"]) == (str(path), 5), reference
    print(f"  {mine.nbytes} bytes of sound are {len(reference['copy']['data'])} of text, the state {len(held)}")
    other = load_plugin(PLUGIN)
    other.raw_state = held
    # Saved again before and after anybody has looked for the file, it is all there.
    assert session_of(other.raw_state) == session_of(held)
    is_below("the copy, its file deleted", settle(other, expected, x, rate))
    assert session_of(other.raw_state) == session_of(held)
    for block in (64, 441):
        y = other.process(x, rate, buffer_size=block, reset=True)
        is_below(f"the copy, blocks of {block}", error_db(y, expected))


def two_at_once():
    """Two instances share what is prepared and nothing else; one ends while the other plays, others while they load."""
    rate, impulse = response("hall")
    x = noise(0.5, rate, 8)
    one, two = neutral("hall"), neutral("plate")
    is_below("one of two", settle(one, through(impulse, x), x, rate))
    is_below("the other", settle(two, through(response("plate")[1], x), x, rate))
    del two
    for name in ("room", "spring", "hall", "plate"):
        short = neutral(name)
        short.process(x[:, :64], rate)
        del short
    is_below("the one left", error_db(one.process(x, rate, reset=True), through(impulse, x)))


for check in (
    listing, texts, convolution, mono, rates, tail, automation, every_parameter, impulse_while_it_plays, reset,
    bypass, state, own_impulse, two_at_once,
):  # fmt: skip
    began = time.monotonic()
    print(f"pedalboard: {check.__name__}", flush=True)
    check()
    print(f"  passed, {time.monotonic() - began:.1f} s", flush=True)
