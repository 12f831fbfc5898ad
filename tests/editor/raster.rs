//! Draws what egui has made, on the processor: the same picture on every machine, without a screen, a driver or a shader.
//!
//! Triangles of premultiplied colours, a texture with linear or nearest filter, blended in gamma space, as egui's own
//! painters do. Corners stand on a grid of 1/256 of a pixel, and an edge belongs to one of the two triangles at it
//! (the top-left rule), so that nothing is painted twice.

use egui::epaint::{ImageData, Mesh, Primitive, Vertex};
use egui::{
    Color32, ColorImage, Context, FullOutput, Rect, TextureFilter, TextureId, TexturesDelta,
};
use egui_kittest::TestRenderer;
use image::{Rgba, RgbaImage};
use std::collections::HashMap;

#[derive(Default)]
pub struct Raster {
    textures: HashMap<TextureId, (ColorImage, TextureFilter)>,
}

impl TestRenderer for Raster {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        for (id, patches) in delta.set.drain() {
            for patch in patches {
                let ImageData::Color(image) = &patch.image;
                let filter = patch.options.magnification;
                match patch.pos {
                    None => {
                        self.textures.insert(id, ((**image).clone(), filter));
                    }
                    Some([left, top]) => {
                        let (whole, _) = self.textures.get_mut(&id).expect("a texture");
                        for y in 0..image.height() {
                            for x in 0..image.width() {
                                whole[(left + x, top + y)] = image[(x, y)];
                            }
                        }
                    }
                }
            }
        }
        for id in delta.free.drain() {
            self.textures.remove(&id);
        }
    }

    fn render(&mut self, context: &Context, output: &FullOutput) -> Result<RgbaImage, String> {
        let scale = output.pixels_per_point;
        let size = context.content_rect().size() * scale;
        let (width, height) = (size.x.round() as usize, size.y.round() as usize);
        let ground = context.global_style().visuals.panel_fill;
        let mut pixels = vec![ground; width * height];
        for primitive in context.tessellate(output.shapes.clone(), scale) {
            let Primitive::Mesh(mesh) = &primitive.primitive else {
                return Err("a callback cannot be drawn here".to_owned());
            };
            let texture = self
                .textures
                .get(&mesh.texture_id)
                .ok_or("no such texture")?;
            let clip = within(primitive.clip_rect, scale, (width, height));
            paint(&mut pixels, width, clip, mesh, texture, scale);
        }
        Ok(RgbaImage::from_fn(width as u32, height as u32, |x, y| {
            Rgba(pixels[y as usize * width + x as usize].to_array())
        }))
    }
}

/// From left and top, to right and bottom, in pixels.
type Clip = [i64; 4];

fn within(clip: Rect, scale: f32, (width, height): (usize, usize)) -> Clip {
    let at = |points: f32, most: usize| ((points * scale).round() as i64).clamp(0, most as i64);
    [
        at(clip.min.x, width),
        at(clip.min.y, height),
        at(clip.max.x, width),
        at(clip.max.y, height),
    ]
}

/// Parts of a pixel.
const GRID: i64 = 256;

fn paint(
    pixels: &mut [Color32],
    width: usize,
    clip: Clip,
    mesh: &Mesh,
    texture: &(ColorImage, TextureFilter),
    scale: f32,
) {
    for corners in mesh.indices.chunks_exact(3) {
        let corners = [0, 1, 2].map(|n| mesh.vertices[corners[n] as usize]);
        triangle(pixels, width, clip, corners, texture, scale);
    }
}

fn triangle(
    pixels: &mut [Color32],
    width: usize,
    [left, top, right, bottom]: Clip,
    mut corners: [Vertex; 3],
    texture: &(ColorImage, TextureFilter),
    scale: f32,
) {
    let on_grid = |points: f32| (f64::from(points * scale) * GRID as f64).round() as i64;
    let place = |corner: &Vertex| (on_grid(corner.pos.x), on_grid(corner.pos.y));
    let twice = |a: (i64, i64), b: (i64, i64), c: (i64, i64)| {
        (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
    };
    let mut at = corners.map(|corner| place(&corner));
    let mut area = twice(at[0], at[1], at[2]);
    if area == 0 {
        return;
    }
    if area < 0 {
        corners.swap(1, 2);
        at.swap(1, 2);
        area = -area;
    }
    // Of pixels exactly on an edge, those on left and upper edges are inside.
    let bias = |a: (i64, i64), b: (i64, i64)| {
        let upper_left = (a.1 == b.1 && b.0 > a.0) || b.1 < a.1;
        if upper_left { 0 } else { -1 }
    };
    let bounds = |pick: fn(&(i64, i64)) -> i64| {
        let low = at.iter().map(pick).min().unwrap_or(0);
        let high = at.iter().map(pick).max().unwrap_or(0);
        (low.div_euclid(GRID), high.div_euclid(GRID) + 1)
    };
    let (x, y) = (bounds(|at| at.0), bounds(|at| at.1));
    for row in y.0.max(top)..y.1.min(bottom) {
        for column in x.0.max(left)..x.1.min(right) {
            let p = (column * GRID + GRID / 2, row * GRID + GRID / 2);
            let shares = [
                twice(at[1], at[2], p),
                twice(at[2], at[0], p),
                twice(at[0], at[1], p),
            ];
            let inside = shares[0] + bias(at[1], at[2]) >= 0
                && shares[1] + bias(at[2], at[0]) >= 0
                && shares[2] + bias(at[0], at[1]) >= 0;
            if inside {
                let shares = shares.map(|share| share as f32 / area as f32);
                let pixel = &mut pixels[row as usize * width + column as usize];
                *pixel = blend(*pixel, shade(&corners, shares, texture));
            }
        }
    }
}

/// Red, green, blue, alpha from 0 to 255, premultiplied.
type Linear = [f32; 4];

fn shade(
    corners: &[Vertex; 3],
    shares: [f32; 3],
    (image, filter): &(ColorImage, TextureFilter),
) -> Linear {
    let mix = |value: &dyn Fn(&Vertex) -> f32| {
        let parts = corners.iter().zip(shares);
        parts
            .map(|(corner, share)| value(corner) * share)
            .sum::<f32>()
    };
    let (u, v) = (mix(&|corner| corner.uv.x), mix(&|corner| corner.uv.y));
    let texel = sample(image, *filter, u, v);
    std::array::from_fn(|n| {
        let colour = mix(&|corner| f32::from(corner.color.to_array()[n]));
        colour * texel[n] / 255.0
    })
}

fn sample(image: &ColorImage, filter: TextureFilter, u: f32, v: f32) -> Linear {
    let (x, y) = (
        u * image.width() as f32 - 0.5,
        v * image.height() as f32 - 0.5,
    );
    let fetch = |x: f32, y: f32| {
        let at = |at: f32, most: usize| at.clamp(0.0, most as f32 - 1.0) as usize;
        let colour = image[(at(x, image.width()), at(y, image.height()))];
        colour.to_array().map(f32::from)
    };
    if filter == TextureFilter::Nearest {
        return fetch(x.round(), y.round());
    }
    let (left, top) = (x.floor(), y.floor());
    let (right, down) = (x - left, y - top);
    let around = [
        (fetch(left, top), (1.0 - right) * (1.0 - down)),
        (fetch(left + 1.0, top), right * (1.0 - down)),
        (fetch(left, top + 1.0), (1.0 - right) * down),
        (fetch(left + 1.0, top + 1.0), right * down),
    ];
    std::array::from_fn(|n| around.iter().map(|(texel, share)| texel[n] * share).sum())
}

fn blend(under: Color32, over: Linear) -> Color32 {
    let through = 1.0 - over[3] / 255.0;
    let under = under.to_array();
    let [r, g, b, _] = std::array::from_fn(|n| {
        let value = over[n] + f32::from(under[n]) * through;
        value.round().clamp(0.0, 255.0) as u8
    });
    Color32::from_rgb(r, g, b)
}
