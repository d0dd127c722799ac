"""Pictures of what was measured again and again: one curve below the other, as SVG."""


def curve(samples, key, top, title):
    """Begins at zero; its top is its largest value."""
    most = max(sample[key] for sample in samples) or 1
    points = " ".join(f"{60 + 680 * sample['day'] / samples[-1]['day']:.1f},{top + 90 - 80 * sample[key] / most:.1f}"
                      for sample in samples)
    return (f'<text x="60" y="{top}">{title}: at most {most:,.0f}, in the end {samples[-1][key]:,.0f}</text>'
            f'<path d="M60 {top + 10}V{top + 90}H740" fill="none" stroke="#888"/>'
            f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="2"/>\n')


def picture(path, curves, caption):
    """curves: of each the samples, in which `day` says when, the key of its values, and its title."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 {40 + 120 * len(curves)}" '
                   'font-family="sans-serif" font-size="14"><rect width="100%" height="100%" fill="#fff"/>\n')
        for n, (samples, key, title) in enumerate(curves):
            file.write(curve(samples, key, 30 + 120 * n, title))
        file.write(f'<text x="60" y="{30 + 120 * len(curves)}">{caption}</text></svg>\n')
