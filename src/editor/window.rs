//! The window: egui on baseview and OpenGL, in a host's window or in one of its own.
//!
//! Published adapters throw dropped files away, and what they do with keys takes the space bar from the host; hence this
//! one. What is guaranteed:
//!
//! - A frame is drawn when egui asks for one, or when [`App::poll`] has something new, looked at [`LOOKS_PER_SECOND`] times
//!   a second; else none.
//! - Files that are dropped on the window reach the app.
//! - In a host, keys that are not for what has the focus go on to the host: the space bar starts its transport unless
//!   something is being typed. (On X11 the windowing library does not pass them on.)
//! - When it closes, whoever closes it, [`App::close`] is called and everything that OpenGL holds is given back.

mod input;
#[cfg(target_os = "linux")]
mod screen;

use super::{Actions, App, Settings};
use arboard::Clipboard;
use baseview::dpi::{LogicalSize, Size};
use baseview::gl::GlConfig;
use baseview::host::Host;
use baseview::{
    Event, EventStatus, HandlerError, MouseEvent, TimerHandle, Window, WindowContext, WindowEvent,
    WindowHandler, WindowSettings, WindowSize,
};
use egui::{Context, OutputCommand, RawInput, ViewportId, vec2};
use egui_glow::{Painter, glow};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How often the window looks for what has changed without its doing.
pub const LOOKS_PER_SECOND: u32 = 40;

/// Why there is no window.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nothing to open it on.
    #[error(
        "expected a screen with OpenGL 3.2 to open a window on, got: {0}; it goes on without a window"
    )]
    None(#[from] baseview::Error),
    /// There was one.
    #[error("the screen has gone, and the window with it ({0}); it goes on without a window")]
    Gone(baseview::Error),
}

/// Who has the window around this one.
#[derive(Default)]
pub struct Around {
    /// The window that this one is a part of.
    pub parent: Option<baseview::ParentWindowHandle>,
    /// It comes later.
    pub parent_follows: bool,
    /// What the host takes for the screen's scale, where the system does not say.
    pub scale: Option<f64>,
    /// Whom to tell about changes of size.
    pub host: Option<Host>,
    /// Somebody else uses the keys, too.
    pub shares_keys: bool,
    /// True as soon as it is to close.
    pub ended: Arc<AtomicBool>,
    /// Whose process it is.
    pub process: Process,
}

/// Whose process the window is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Process {
    /// The host's: what happens to it is for the host to say.
    #[default]
    Host,
    /// Ours: it goes on when the screen has gone.
    Own,
}

/// How large the window is: kept while it is closed, and read by whoever asks.
#[derive(Clone, Debug)]
pub struct Placement(Arc<Mutex<WindowSize>>);

impl Placement {
    /// As the settings say, at a scale of the screen that nobody has told yet. Main thread.
    pub fn new(settings: &Settings) -> Self {
        let size = logical(settings.size());
        Self(Arc::new(Mutex::new(WindowSize::from_logical(size, 1.0))))
    }

    /// What it is now. Any thread but the audio thread.
    pub fn get(&self) -> WindowSize {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, size: WindowSize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = size;
    }
}

fn logical(size: egui::Vec2) -> LogicalSize<f64> {
    LogicalSize::new(f64::from(size.x), f64::from(size.y))
}

/// Opens a window for `app`. It is shown when its owner shows it. Main thread.
///
/// Errors: there is no screen, or it has no OpenGL.
pub fn open(app: App, around: Around, placement: Placement) -> Result<OpenWindow, OpenError> {
    let settings = app.settings();
    let mut wanted = WindowSettings::new()
        .with_title("Partita")
        .with_size(logical(settings.size()))
        .with_min_size::<Size>(Size::Logical(logical(Settings::least())))
        .with_resizable(true)
        .with_wait_for_parent(around.parent_follows)
        .with_fallback_scale_factor(around.scale)
        .with_gl_config(GlConfig::default());
    wanted.parent = around.parent;
    let shares_keys = around.shares_keys;
    let kept = placement.clone();
    let closing = Arc::clone(&around.ended);
    let told = Arc::clone(&closing);
    let process = around.process;
    let build = move |window| {
        #[cfg(target_os = "linux")]
        if process == Process::Own {
            screen::outlive(&window);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = process;
        Handler::new(window, app, placement, shares_keys, told)
    };
    let window = Window::create_with_host(wanted, build, around.host)?;
    kept.set(window.size());
    Ok(OpenWindow {
        window: Some(window),
        closing,
    })
}

/// An open window. Dropping it closes it, and waits until nothing of it runs any more: a host may then unload the
/// library.
pub struct OpenWindow {
    /// `None` once it has run until it was closed.
    window: Option<Window>,
    closing: Arc<AtomicBool>,
}

impl OpenWindow {
    /// As the windowing library has it. Main thread.
    pub fn window(&self) -> &Window {
        let window = self.window.as_ref();
        window.expect("whoever lets it run until it is closed gives it away")
    }

    /// Shows it, and comes back when the user has closed it. Main thread.
    ///
    /// Errors: the screen has gone.
    pub fn run_until_closed(mut self) -> Result<(), baseview::Error> {
        self.window.take().map_or(Ok(()), Window::run_until_closed)
    }

    /// On X11 the window has a thread, which baseview 0.4.2 does not wait for where it ends a moment too early
    /// (`Drop for WindowThreadHandle` asks it to show the window first). One that has ended by itself is waited for.
    #[cfg(target_os = "linux")]
    fn end(&self) {
        let Some(window) = &self.window else { return };
        self.closing.store(true, Ordering::Relaxed);
        let from = Instant::now();
        while window.is_open() && from.elapsed() < PATIENCE {
            // Failing means that it ends just now.
            let _ = window.request_poll();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn end(&self) {
        let _ = &self.closing;
    }
}

impl Drop for OpenWindow {
    fn drop(&mut self) {
        self.end();
    }
}

/// How long a window may take to close: one frame, even on a machine that has much else to do.
#[cfg(target_os = "linux")]
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a window of its own, and comes back when the user has closed it, or a moment after `ended` has become true.
/// Main thread.
///
/// Errors: there is no screen, it has no OpenGL, or it has gone.
pub fn open_standalone(
    actions: impl Actions,
    settings: Settings,
    ended: Arc<AtomicBool>,
) -> Result<(), OpenError> {
    let app = App::new(actions, settings);
    let placement = Placement::new(app.settings());
    let around = Around {
        ended,
        process: Process::Own,
        ..Around::default()
    };
    let window = open(app, around, placement)?;
    window.run_until_closed().map_err(OpenError::Gone)
}

/// What baseview calls.
struct Handler {
    inner: RefCell<Inner>,
    ticks: TimerHandle,
    /// Whoever has the window wants it to end.
    closing: Arc<AtomicBool>,
}

struct Inner {
    window: WindowContext,
    app: App,
    context: Context,
    painter: Painter,
    input: RawInput,
    translator: input::Translator,
    /// Made when it is first needed: it may start a thread.
    clipboard: Option<Clipboard>,
    cursor: baseview::MouseCursor,
    started: Instant,
    placement: Placement,
    shares_keys: bool,
}

#[derive(Debug, Error)]
enum Fault {
    #[error("the window has no OpenGL context")]
    NoContext,
    #[error("OpenGL: {0}")]
    Painter(String),
}

impl Handler {
    fn new(
        window: WindowContext,
        app: App,
        placement: Placement,
        shares_keys: bool,
        closing: Arc<AtomicBool>,
    ) -> Result<Self, HandlerError> {
        let painter = painter(&window)?;
        let context = Context::default();
        app.install(&context);
        let waker = window.waker();
        context.set_request_repaint_callback(move |wish| {
            if wish.delay.is_zero() {
                waker.request_redraw();
            } else {
                waker.request_redraw_after(wish.delay);
            }
        });
        let input = RawInput {
            max_texture_side: Some(painter.max_texture_side()),
            focused: true,
            ..RawInput::default()
        };
        let ticks = window.create_timer(Duration::from_secs(1) / LOOKS_PER_SECOND)?;
        let mut inner = Inner {
            window,
            app,
            context,
            painter,
            input,
            translator: input::Translator::default(),
            clipboard: None,
            cursor: baseview::MouseCursor::Default,
            started: Instant::now(),
            placement,
            shares_keys,
        };
        inner.resized(inner.window.size());
        Ok(Self {
            inner: RefCell::new(inner),
            ticks,
            closing,
        })
    }

    fn close_if_ended(&self) {
        if self.closing.load(Ordering::Relaxed)
            && let Ok(inner) = self.inner.try_borrow()
        {
            inner.window.request_close();
        }
    }
}

/// Makes the window's OpenGL context current while `work` is done, on this thread.
#[allow(unsafe_code)]
fn with_gl<T>(
    window: &WindowContext,
    work: impl FnOnce(&baseview::gl::GlContext) -> Result<T, HandlerError>,
) -> Result<T, HandlerError> {
    let gl = window.gl_context().ok_or(Fault::NoContext)?;
    // SAFETY: the context belongs to the window, which lives as long as `window`; baseview calls its handler on one thread,
    // and each use here gives the context back before it returns, so it is current nowhere else.
    unsafe { gl.make_current() }?;
    let done = work(&gl);
    // SAFETY: as above; this thread made it current.
    unsafe { gl.make_not_current() }?;
    done
}

#[allow(unsafe_code)]
fn painter(window: &WindowContext) -> Result<Painter, HandlerError> {
    with_gl(window, |gl| {
        // SAFETY: the context is current, and the functions that it names are those of that context.
        let functions =
            unsafe { glow::Context::from_loader_function_cstr(|name| gl.get_proc_address(name)) };
        let painter = Painter::new(Arc::new(functions), "", None, true);
        Ok(painter.map_err(|error| Fault::Painter(error.to_string()))?)
    })
}

impl WindowHandler for Handler {
    fn draw(&self) -> Result<(), HandlerError> {
        self.inner.borrow_mut().draw()
    }

    fn poll(&self) {
        self.close_if_ended();
    }

    fn resized(&self, size: WindowSize) -> Result<(), HandlerError> {
        // While a frame is drawn it is the frame that resizes, and it looks at the size itself.
        if let Ok(mut inner) = self.inner.try_borrow_mut() {
            inner.resized(size);
            inner.window.request_redraw();
        }
        Ok(())
    }

    fn on_event(&self, event: Event) -> EventStatus {
        match self.inner.try_borrow_mut() {
            Ok(mut inner) => inner.event(event),
            Err(_) => EventStatus::Ignored,
        }
    }

    fn on_timer(&self, timer: &TimerHandle) {
        self.close_if_ended();
        if *timer == self.ticks
            && let Ok(mut inner) = self.inner.try_borrow_mut()
            && inner.app.poll()
        {
            inner.window.request_redraw();
        }
    }
}

impl Inner {
    fn scale(&self) -> f32 {
        self.window.scale_factor() as f32 * self.context.zoom_factor()
    }

    fn resized(&mut self, size: WindowSize) {
        self.placement.set(size);
        let points = vec2(size.logical.width as f32, size.logical.height as f32);
        self.app.resized(points);
    }

    fn draw(&mut self) -> Result<(), HandlerError> {
        let size = self.window.size();
        let scale = self.scale();
        let pixels = [size.physical.width, size.physical.height];
        let points = vec2(pixels[0] as f32, pixels[1] as f32) / scale;
        self.input.screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, points));
        self.input.time = Some(self.started.elapsed().as_secs_f64());
        let viewport = self.input.viewports.entry(ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(size.scale_factor as f32);
        viewport.focused = Some(self.input.focused);

        let wanted = self.app.settings().size();
        let input = self.input.take();
        let app = &mut self.app;
        let mut output = self.context.run_ui(input, |ui| app.ui(ui));

        let shapes = std::mem::take(&mut output.shapes);
        let primitives = self.context.tessellate(shapes, output.pixels_per_point);
        let ground = self.context.global_style().visuals.panel_fill;
        let (painter, textures) = (&mut self.painter, &mut output.textures_delta);
        with_gl(&self.window, |gl| {
            painter.clear(pixels, ground.to_normalized_gamma_f32());
            let scale = output.pixels_per_point;
            painter.paint_and_update_textures(pixels, scale, &primitives, textures);
            gl.swap_buffers()?;
            Ok(())
        })?;

        for command in output.platform_output.commands {
            if let OutputCommand::CopyText(text) = command
                && let Some(clipboard) = self.clipboard()
            {
                // Without a clipboard nothing is copied: there is nobody to tell.
                let _ = clipboard.set_text(text);
            }
        }
        let cursor = input::cursor(output.platform_output.cursor_icon);
        if cursor != self.cursor {
            self.cursor = cursor;
            self.window.set_mouse_cursor(cursor)?;
        }
        if self.app.settings().size() != wanted {
            // Another scale wants another window. Where it is refused, everything is as large as there is room.
            let _ = self.window.resize(logical(self.app.settings().size()));
            self.resized(self.window.size());
            self.window.request_redraw();
        }
        Ok(())
    }

    fn clipboard(&mut self) -> Option<&mut Clipboard> {
        if self.clipboard.is_none() {
            self.clipboard = Clipboard::new().ok();
        }
        self.clipboard.as_mut()
    }

    fn event(&mut self, event: Event) -> EventStatus {
        let status = match event {
            Event::Mouse(mouse) => {
                let pressed = matches!(mouse, MouseEvent::ButtonPressed { .. });
                if pressed && !self.window.has_focus() {
                    // A window within another is not always given the keys by a click.
                    let _ = self.window.focus();
                }
                let scale = self.scale();
                self.translator.mouse(mouse, scale, &mut self.input)
            }
            Event::Keyboard(key) => {
                let typing = self.context.text_edit_focused();
                let focused = self.context.memory(|memory| memory.focused().is_some());
                let ours = typing || input::works_on_focus(&key, focused);
                if self.shares_keys && !ours {
                    return EventStatus::Ignored;
                }
                if input::is_paste(&key) {
                    let text = self.clipboard().and_then(|board| board.get_text().ok());
                    if let Some(text) = text {
                        self.input.events.push(egui::Event::Paste(text));
                    }
                }
                self.translator.key(key, &mut self.input);
                EventStatus::Captured
            }
            Event::Window(WindowEvent::Focused) => self.focus(true),
            Event::Window(WindowEvent::Unfocused) => self.focus(false),
            _ => return EventStatus::Ignored,
        };
        self.window.request_redraw();
        status
    }

    fn focus(&mut self, focused: bool) -> EventStatus {
        self.input.focused = focused;
        let event = egui::Event::WindowFocused(focused);
        self.input.events.push(event);
        EventStatus::Captured
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.app.close();
        let painter = &mut self.painter;
        let given_back = with_gl(&self.window, |_| {
            painter.destroy();
            Ok(())
        });
        // The screen has gone, and with it all that was on it.
        let _ = given_back;
    }
}
