"""What training costs: operations, hours, money, electricity, and the memory of its state."""


def training_flops(parameters: float, tokens: float) -> float:
    """Return the floating-point operations of training on so many tokens, about 6 N D.

    Each parameter takes part in one multiplication and one addition going forward, and in twice
    as many going back. Attention's scores are left out: they are few where d is much larger than
    t / 12.

    >>> training_flops(70e9, 2e12)
    8.4e+23

    [Kaplan et al. 2020, section 2.1]
    """
    return 6.0 * parameters * tokens


def training_hours(
    flops: float, *, peak: float, utilization: float = 0.4, devices: int = 1
) -> float:
    """Return the hours that devices need for so many operations; with one, the device-hours.

    peak: the operations a second that one device can do. utilization: the share of them that it
    does, often 0.3 to 0.5.

    Raises ValueError if peak or devices is not positive, or utilization not in (0, 1].

    >>> round(training_hours(training_flops(70e9, 2e12), peak=312e12))
    1869658

    [Chowdhery et al. 2022, section 4.1, for the utilization]
    """
    if not (peak > 0 and devices > 0):
        raise ValueError(f"peak and devices must be positive; got {peak} and {devices}")
    if not 0 < utilization <= 1:
        raise ValueError(f"utilization must be in (0, 1]; got {utilization}")
    return flops / (peak * utilization * devices) / 3600


def training_cost(device_hours: float, *, price: float) -> float:
    """Return what the device-hours cost, at a price for one hour, in its currency.

    Raises ValueError if one of them is negative.

    >>> training_cost(1000, price=2.5)
    2500.0
    """
    if device_hours < 0 or price < 0:
        raise ValueError(f"device_hours and price must be >= 0; got {device_hours} and {price}")
    return float(device_hours * price)


def training_energy(device_hours: float, *, watts: float, overhead: float = 1.0) -> float:
    """Return the electricity in kilowatt-hours.

    watts: what one device draws. overhead: what the building takes for each watt of a device,
    1 or more (its "power usage effectiveness").

    Raises ValueError if device_hours or watts is negative, or overhead less than 1.

    >>> training_energy(1720320, watts=400)  # Llama 2 70B
    688128.0

    [Strubell et al. 2019, equation 1; Touvron et al. 2023, Llama 2, table 2]
    """
    if device_hours < 0 or watts < 0 or overhead < 1:
        raise ValueError(
            "device_hours and watts must be >= 0 and overhead >= 1; "
            f"got {device_hours}, {watts} and {overhead}"
        )
    return device_hours * watts * overhead / 1000


def training_state_bytes(
    parameters: int,
    *,
    weight: int = 2,
    gradient: int = 2,
    optimizer: int = 12,
    devices: int = 1,
    stage: int = 0,
) -> float:
    """Return the bytes on one device of weights, gradients and the optimizer's state.

    weight, gradient, optimizer: bytes for one parameter. The defaults are those of mixed precision
    with Adam, 16 in all: two numbers in 16 bits, and in 32 bits a copy of the weight, m and v.
    stage says what the devices share instead of each holding it: 0 nothing, 1 the optimizer's
    state, 2 the gradients too, 3 the weights too.

    Raises ValueError if stage is not 0 to 3, or devices is less than 1.

    >>> training_state_bytes(7_500_000_000) / 1e9
    120.0

    [Rajbhandari et al. 2020, figure 1 and section 3.1]
    """
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage must be 0, 1, 2 or 3; got {stage}")
    if devices < 1:
        raise ValueError(f"devices must be at least 1; got {devices}")
    parts = (optimizer, gradient, weight)  # in the order in which the stages share them
    return parameters * sum(
        part / devices if i < stage else float(part) for i, part in enumerate(parts)
    )
