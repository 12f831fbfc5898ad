//! What sound loses on its way through air: ISO 9613-1:1993, at 20 °C, 50 % humidity, sea level.

const KELVIN: f64 = 293.15;
const HUMIDITY_PERCENT: f64 = 50.0;

/// Speed of sound in m/s at the same temperature.
pub const SPEED_OF_SOUND: f64 = 343.2;

/// Attenuation in dB per metre at `frequency` in Hz (ISO 9613-1, equations 3 to 5).
pub fn attenuation(frequency: f64) -> f64 {
    let triple_point = 273.16;
    let saturation = libm::pow(
        10.0,
        4.6151 - 6.8346 * libm::pow(triple_point / KELVIN, 1.261),
    );
    // Molar concentration of water vapour in per cent.
    let h = HUMIDITY_PERCENT * saturation;
    let oxygen = 24.0 + 4.04e4 * h * (0.02 + h) / (0.391 + h);
    // The reference temperature of the standard is 293.15 K: its temperature ratios are all one.
    let nitrogen = 9.0 + 280.0 * h;
    let square = frequency * frequency;
    let relaxation = 0.01275 * libm::exp(-2239.1 / KELVIN) / (oxygen + square / oxygen)
        + 0.1068 * libm::exp(-3352.0 / KELVIN) / (nitrogen + square / nitrogen);
    8.686 * square * (1.84e-11 + relaxation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attenuation_is_the_standards_table() {
        // ISO 9613-1, table 1, 20 °C and 50 %: dB per kilometre.
        for (frequency, expected) in [
            (250.0, 1.31),
            (1000.0, 4.66),
            (4000.0, 29.0),
            (8000.0, 105.0),
        ] {
            let measured = 1000.0 * attenuation(frequency);
            assert!(
                (measured / expected - 1.0).abs() < 0.04,
                "{frequency} Hz: {measured} instead of {expected} dB/km"
            );
        }
    }
}
