//! The picture that is convolved: a still life with fine detail, ray-traced here. Three balls and a cup on a woven cloth.

/// Pixels in a row, and rows.
pub const WIDTH: usize = 324;
pub const HEIGHT: usize = 236;

/// Rays along each side of a pixel.
const RAYS: usize = 3;

type Vector = [f64; 3];

/// Red, green and blue of each pixel, row by row, 0 to 255.
pub fn still_life() -> Vec<[u8; 3]> {
    let pixel = |row: usize, column: usize| {
        let mut sum = [0.0; 3];
        for ray in 0..RAYS * RAYS {
            let inside = |at: usize| (at as f64 + 0.5) / RAYS as f64;
            let x = (column as f64 + inside(ray % RAYS)) / WIDTH as f64 - 0.5;
            let y = 0.5 - (row as f64 + inside(ray / RAYS)) / HEIGHT as f64;
            let look = unit([
                0.98 * x,
                0.98 * y * HEIGHT as f64 / WIDTH as f64 - 0.355,
                1.0,
            ]);
            sum = add(sum, colour([0.0, 2.35, -5.2], look, 2));
        }
        // Gamma 2.2, as screens expect.
        let light = |sum: f64| (sum / (RAYS * RAYS) as f64).clamp(0.0, 1.0);
        sum.map(|sum| (255.0 * light(sum).powf(1.0 / 2.2)).round() as u8)
    };
    (0..WIDTH * HEIGHT)
        .map(|at| pixel(at / WIDTH, at % WIDTH))
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Thing {
    Cloth,
    Wall,
    Orange,
    Marble,
    Striped,
    Cup,
    Tea,
}

/// Centre and radius.
const BALLS: [(Thing, Vector, f64); 3] = [
    (Thing::Orange, [-1.05, 0.62, 0.15], 0.62),
    (Thing::Marble, [0.22, 0.3, -1.15], 0.3),
    (Thing::Striped, [-0.12, 0.5, 1.2], 0.5),
];
/// Axis, radius and height of the cup.
const CUP: (Vector, f64, f64) = ([1.2, 0.0, 0.35], 0.62, 1.05);
const LAMP: Vector = [-4.0, 6.0, -3.5];

/// What a ray from `from` along `look` meets first: how far away, what, and its normal.
fn meet(from: Vector, look: Vector) -> Option<(f64, Thing, Vector)> {
    let mut nearest: Option<(f64, Thing, Vector)> = None;
    let mut take = |far: f64, thing: Thing, normal: Vector| {
        if far > 1e-6 && nearest.is_none_or(|(nearest, ..)| far < nearest) {
            nearest = Some((far, thing, normal));
        }
    };
    take(-from[1] / look[1], Thing::Cloth, [0.0, 1.0, 0.0]);
    take((3.4 - from[2]) / look[2], Thing::Wall, [0.0, 0.0, -1.0]);
    for (thing, centre, radius) in BALLS {
        let away = sub(from, centre);
        let (b, c) = (dot(away, look), dot(away, away) - radius * radius);
        let root = b * b - c;
        if root > 0.0 {
            let far = -b - root.sqrt();
            take(far, thing, unit(sub(along(from, look, far), centre)));
        }
    }
    let (axis, radius, height) = CUP;
    let away = sub(from, axis);
    let a = look[0] * look[0] + look[2] * look[2];
    let b = away[0] * look[0] + away[2] * look[2];
    let c = away[0] * away[0] + away[2] * away[2] - radius * radius;
    let root = b * b - a * c;
    if root > 0.0 {
        // Outside in front, inside behind.
        for (sign, thing) in [(-1.0, 1.0), (1.0, -1.0)] {
            let far = (-b + sign * root.sqrt()) / a;
            let at = along(from, look, far);
            if (0.0..height).contains(&at[1]) {
                let normal = [
                    (at[0] - axis[0]) * thing / radius,
                    0.0,
                    (at[2] - axis[2]) * thing / radius,
                ];
                take(far, Thing::Cup, normal);
            }
        }
    }
    let far = (0.82 * height - from[1]) / look[1];
    let at = sub(along(from, look, far), axis);
    if at[0] * at[0] + at[2] * at[2] < radius * radius {
        take(far, Thing::Tea, [0.0, 1.0, 0.0]);
    }
    nearest
}

/// Light that comes along a ray, after at most `bounces` mirrors.
fn colour(from: Vector, look: Vector, bounces: u32) -> Vector {
    let Some((far, thing, mut normal)) = meet(from, look) else {
        return [0.05; 3];
    };
    let at = along(from, look, far);
    let (own, gloss) = surface(thing, at, &mut normal);
    let to_lamp = unit(sub(LAMP, at));
    let lifted = along(at, normal, 1e-4);
    let shaded = matches!(meet(lifted, to_lamp), Some((_, thing, _)) if thing != Thing::Wall);
    let lit = if shaded {
        0.0
    } else {
        dot(normal, to_lamp).max(0.0)
    };
    // Corners near the cloth get less of the room's light.
    let open = 0.55 + 0.45 * normal[1].max(0.0);
    let mut light = own.map(|own| own * (0.30 * open + 0.85 * lit));
    let mirrored = along(look, normal, -2.0 * dot(look, normal));
    if gloss > 0.0 {
        let spark = if shaded {
            0.0
        } else {
            dot(mirrored, to_lamp).max(0.0).powi(60)
        };
        light = light.map(|light| light + gloss * 0.9 * spark);
        if bounces > 0 {
            let grazing = (1.0 + dot(look, normal)).clamp(0.0, 1.0).powi(3);
            let share = gloss * (0.16 + 0.6 * grazing);
            let image = colour(lifted, mirrored, bounces - 1);
            light = add(
                light.map(|light| light * (1.0 - share)),
                image.map(|image| image * share),
            );
        }
    }
    light
}

/// A surface's own colour and how much it mirrors; it may bend its normal.
fn surface(thing: Thing, at: Vector, normal: &mut Vector) -> (Vector, f64) {
    match thing {
        Thing::Cloth => {
            // Check of 0.4, woven of threads of 0.05.
            let (u, v) = (at[0] + 0.35 * at[2], at[2] - 0.35 * at[0]);
            let check = (band(u, 0.4) + band(v, 0.4)) / 2.0;
            let thread = (u * 62.8).sin() * (v * 62.8).sin();
            let grain = 0.9 + 0.1 * thread;
            let paint = mix([0.86, 0.82, 0.74], [0.16, 0.27, 0.42], check);
            (paint.map(|paint| paint * grain), 0.0)
        }
        Thing::Wall => {
            let (x, y) = ((at[0] * 1.7).floor(), (at[1] * 3.2).floor());
            let speck = noise(at[0] * 90.0, at[1] * 90.0);
            let tile = 0.06 * noise(x + 7.0 * y, y);
            (
                [0.46, 0.40, 0.34].map(|wall| wall * (0.84 + 0.1 * speck + tile)),
                0.0,
            )
        }
        Thing::Orange => {
            // Pores: small dents on a grid of angles.
            let (u, v) = (normal[0].atan2(normal[2]) * 22.0, normal[1].acos() * 22.0);
            let dent = |x: f64| (x * std::f64::consts::TAU / 2.0).sin();
            let depth = 0.16 * noise(u.floor(), v.floor());
            *normal = unit(add(
                *normal,
                [depth * dent(u), depth * dent(v), depth * dent(u + v)],
            ));
            ([0.92, 0.42, 0.06], 0.25)
        }
        Thing::Marble => ([0.04, 0.22, 0.20], 0.9),
        Thing::Striped => {
            let turn = normal[0] * 0.8 + normal[1] * 0.6;
            (
                mix([0.80, 0.76, 0.66], [0.55, 0.08, 0.10], band(turn, 0.19)),
                0.35,
            )
        }
        Thing::Cup => {
            let turn = (at[0] - CUP.0[0]).atan2(at[2] - CUP.0[2]);
            let line = (at[1] - 0.72).abs() < 0.1;
            let zigzag = ((turn * 9.0).sin().asin() * 0.04 + 0.42 - at[1]).abs() < 0.035;
            let paint = if line && band(turn, 0.14) > 0.5 || zigzag {
                [0.08, 0.16, 0.36]
            } else {
                [0.82, 0.80, 0.76]
            };
            (paint, 0.3)
        }
        Thing::Tea => ([0.26, 0.10, 0.03], 0.5),
    }
}

/// 1 in every other band of `width`, else 0.
fn band(at: f64, width: f64) -> f64 {
    ((at / width).floor() as i64).rem_euclid(2) as f64
}

/// Always the same number in 0…1 for a cell.
fn noise(x: f64, y: f64) -> f64 {
    let cell = (x.floor() as i64 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (y.floor() as i64 as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    let mixed = (cell ^ (cell >> 31)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (mixed >> 40) as f64 / f64::from(1 << 24)
}

fn mix(a: Vector, b: Vector, share: f64) -> Vector {
    add(a.map(|a| a * (1.0 - share)), b.map(|b| b * share))
}

fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn sub(a: Vector, b: Vector) -> Vector {
    add(a, b.map(|b| -b))
}

fn along(from: Vector, look: Vector, far: f64) -> Vector {
    add(from, look.map(|look| look * far))
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(a: Vector) -> Vector {
    let length = dot(a, a).sqrt();
    a.map(|a| a / length)
}
