//! The one audio argument type: borrowed channel slices and a frame count.

/// One call's worth of sound: channel slices in, channel slices out, and how many frames of them
/// count. Borrowed from the host, the device or the file; nothing is copied to make one.
#[derive(Debug)]
pub struct Block<'a, 'b> {
    inputs: &'a [&'b [f32]],
    outputs: &'a mut [&'b mut [f32]],
    frames: usize,
}

impl<'a, 'b> Block<'a, 'b> {
    /// A block over `inputs` and `outputs`. It holds as many frames as the shortest of all these
    /// slices; what a longer output has beyond that is left as it is. Any number of channels and
    /// any number of frames, none included, is fine. Audio thread.
    pub fn new(inputs: &'a [&'b [f32]], outputs: &'a mut [&'b mut [f32]]) -> Self {
        let shortest_in = inputs.iter().map(|channel| channel.len()).min();
        let shortest_out = outputs.iter().map(|channel| channel.len()).min();
        let frames = match (shortest_in, shortest_out) {
            (Some(input), Some(output)) => input.min(output),
            (Some(frames), None) | (None, Some(frames)) => frames,
            (None, None) => 0,
        };
        Self {
            inputs,
            outputs,
            frames,
        }
    }

    /// Frames in this block.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The input channels.
    pub fn inputs(&self) -> &[&'b [f32]] {
        self.inputs
    }

    /// The output channels.
    pub fn outputs(&mut self) -> &mut [&'b mut [f32]] {
        self.outputs
    }

    /// Inputs and outputs at once.
    pub fn split(&mut self) -> (&[&'b [f32]], &mut [&'b mut [f32]]) {
        (self.inputs, self.outputs)
    }
}
