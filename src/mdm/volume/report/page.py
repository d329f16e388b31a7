"""The run report as one HTML page: no request leaves it, no value of a person is in it."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib import resources

from mdm.domain.municipal_id import shown
from mdm.volume.report import labels
from mdm.volume.report.charts import NOTHING, Column, Mark, bar, bars, histogram, table, tint
from mdm.volume.report.facts import Accuracy, RunReport, SizeCount, SourceFacts
from mdm.volume.report.labels import decimal, label, number, percent

_MANY = 6
MINUTES_A_QUESTION = 3
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(report: RunReport) -> str:
    """The page as HTML text, in Portuguese, to be written as UTF-8."""
    style = resources.files("mdm.volume.report").joinpath("report.css").read_text(encoding="utf-8")
    sections = [
        ("fontes", "Fontes", _sources(report)),
        ("problemas", "Valores que não puderam ser usados", _issues(report)),
        ("completude", "Completude", _completeness(report)),
        ("cidadaos", "Cidadãos", _citizens(report)),
        ("ligacoes", "Ligações e revisão", _links(report)),
        ("maiores", "Cidadãos com mais registros", _largest(report)),
        ("modelo", "Modelo e tempos", _model(report)),
    ]
    if report.accuracy is not None:
        quality = ("qualidade", "Comparação com a verdade", _accuracy(report.accuracy))
        sections.insert(0, quality)
    menu = "".join(f'<li><a href="#{key}">{title}</a></li>' for key, title, _ in sections)
    body = "".join(
        f'<section id="{key}" aria-labelledby="{key}-t"><h2 id="{key}-t">{title}</h2>{content}'
        "</section>"
        for key, title, content in sections
    )
    plan = "" if report.plan_id is None else f" · plano {report.plan_id}"
    return (
        '<!doctype html><html lang="pt-BR"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>Relatório da execução{escape(plan)}</title><style>{style}</style></head><body>"
        "<header><h1>Relatório da execução</h1>"
        f'<p class="lead">Registro de cidadãos{escape(plan)} · {_moment(report.made_at)}</p>'
        f'{_totals(report)}<nav aria-label="Seções"><ul>{menu}</ul></nav></header>'
        f"<main>{body}</main><footer><p>Este relatório só contém contagens e IDs: nenhum nome, "
        "data ou documento de pessoa.</p></footer></body></html>\n"
    )


def _moment(iso: str) -> str:
    day, _, time = iso.partition("T")
    parts = day.split("-")
    clock = f", {time[:5]} UTC" if time else ""
    return escape("/".join(reversed(parts)) + clock)


def _totals(report: RunReport) -> str:
    facts = [
        ("registros", number(report.records)),
        ("cidadãos", number(report.citizens)),
        ("pares em revisão", number(sum(found.count for found in report.review))),
        ("valores não usados", number(sum(found.count for found in report.issues))),
    ]
    if report.accuracy is not None and report.accuracy.measures:
        first = report.accuracy.measures[0]
        facts += [
            ("precisão", percent(first.precision, 2)),
            ("revocação", percent(first.recall, 2)),
        ]
    tiles = "".join(f"<div><dt>{title}</dt><dd>{value}</dd></div>" for title, value in facts)
    return f'<dl class="totals">{tiles}</dl>'


def _sources(report: RunReport) -> str:
    # One row for each figure: sources are few, and so the table fits a narrow screen.
    lines: tuple[tuple[str, Callable[[SourceFacts], int]], ...] = (
        ("lidos", lambda s: s.read),
        ("novos", lambda s: s.new),
        ("alterados", lambda s: s.changed),
        ("sem mudança", lambda s: s.unchanged),
        ("de volta", lambda s: s.reinstated),
        ("retirados", lambda s: s.withdrawn),
        ("em quarentena", lambda s: s.quarantined),
        ("presentes depois", lambda s: s.present),
        ("valores não usados", lambda s: s.issues),
    )
    rows = [
        [title, *(number(figure(s)) for s in report.sources)]
        for title, figure in lines
        if report.sources
    ]
    columns = [Column("registros", figure=False), *(Column(s.title) for s in report.sources)]
    return table("Registros por fonte", columns, rows)


def _issues(report: RunReport) -> str:
    total = sum(found.count for found in report.issues)
    by_reason = _sums((label(labels.REASONS, i.reason), i.count) for i in report.issues)
    by_field = _sums(
        (f"{i.source}: {label(labels.FIELDS, i.field)}", i.count) for i in report.issues
    )
    return (
        "<p>Um valor que não pode ser usado vira ausente; o registro fica, e o valor volta à "
        "fonte na lista de problemas.</p>"
        '<div class="pair">'
        + bars("Por motivo", "motivo", by_reason, total=total)
        + bars("Por fonte e campo (os 15 mais frequentes)", "campo", by_field[:15], total=total)
        + "</div>"
    )


def _sums(pairs: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Counts added up by title, the largest first."""
    counter: Counter[str] = Counter()
    for title, count in pairs:
        counter[title] += count
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _completeness(report: RunReport) -> str:
    sources = list(dict.fromkeys(found.source for found in report.completeness))
    fields = list(dict.fromkeys(found.field for found in report.completeness))
    share = {(found.field, found.source): found.share for found in report.completeness}
    rows = [
        [
            escape(label(labels.FIELDS, field)),
            *(tint(share[field, s]) if (field, s) in share else "–" for s in sources),
        ]
        for field in fields
    ]
    columns = [Column("campo", figure=False), *map(Column, sources)]
    return "<p>Parte dos registros presentes que tem um valor utilizável.</p>" + table(
        "Campos preenchidos por fonte", columns, rows
    )


def _citizens(report: RunReport) -> str:
    return (
        '<div class="pair">'
        + _sizes("Por número de registros", "registros", report.by_records, report.citizens)
        + _sizes("Por número de fontes", "fontes", report.by_sources, report.citizens)
        + "</div>"
        + _overlap(report)
    )


def _sizes(caption: str, what: str, sizes: Sequence[SizeCount], total: int) -> str:
    ordered = sorted(sizes, key=lambda found: found.size)
    rows = [(str(found.size), found.citizens) for found in ordered if found.size < _MANY]
    rest = sum(found.citizens for found in ordered if found.size >= _MANY)
    if rest > 0:
        rows.append((f"{_MANY} ou mais", rest))
    return bars(caption, what, rows, total=total)


def _overlap(report: RunReport) -> str:
    sources = sorted({source for found in report.overlap for source in found.sources})
    ordered = sorted(report.overlap, key=lambda found: (-found.citizens, found.sources))
    most = max((found.citizens for found in ordered), default=0)
    rows = [
        [
            number(found.citizens),
            *(_dot(known=source in found.sources) for source in sources),
            percent(found.citizens / report.citizens) if report.citizens > 0 else "–",
            bar(found.citizens / most if most > 0 else 0.0),
        ]
        for found in ordered
    ]
    columns = [
        Column("cidadãos"),
        *(Column(source, figure=False) for source in sources),
        Column("parte"),
        Column("", figure=False),
    ]
    return table("Quais fontes conhecem o mesmo cidadão", columns, rows)


def _dot(*, known: bool) -> str:
    mark, word, style = ("●", "sim", "dot") if known else ("○", "não", "dot no")
    return (
        f'<span class="{style}" aria-hidden="true">{mark}</span><span class="hidden">{word}</span>'
    )


def _links(report: RunReport) -> str:
    links = [(label(labels.LINKS, found.code), found.count) for found in report.links]
    review = [(label(labels.REVIEW, found.code), found.count) for found in report.review]
    model = report.model
    marks = [
        Mark(model.review_threshold, "limiar de revisão", "review"),
        Mark(model.link_threshold, "limiar de ligação", "link"),
    ]
    return (
        '<div class="pair">'
        + bars("Ligações por motivo", "motivo", links, total=sum(count for _, count in links))
        + bars("Revisão por tipo", "tipo", review, total=sum(count for _, count in review))
        + "</div><h3>Pesos dos pares comparados</h3>"
        + "<p>Cada bit a mais dobra a chance de que os dois registros sejam da mesma pessoa.</p>"
        + histogram(report.weights, marks)
        + _expectations(report)
    )


def _expectations(report: RunReport) -> str:
    """What each link threshold would give, in the words of the error that it tolerates."""
    rows = [
        [
            f"{decimal(found.link)}{' (em uso)' if found.chosen else ''}",
            labels.one_in(1 - found.precision),
            percent(found.precision, 3),
            percent(found.recall, 2),
            number(found.questions),
            number(round(found.questions * MINUTES_A_QUESTION / 60)),
        ]
        for found in report.expectations
    ]
    if not rows:
        return ""
    tolerated = report.model.tolerated
    chosen = (
        "O limiar em uso é o do modelo."
        if tolerated is None
        else f"O limiar em uso foi escolhido para tolerar {labels.one_in(tolerated)}."
    )
    columns = [
        Column("limiar de ligação (bits)"),
        Column("erro esperado"),
        Column("precisão"),
        Column("revocação"),
        Column("itens de revisão"),
        Column("horas de revisão"),
    ]
    return (
        "<h3>O que esperar de cada limiar</h3>"
        "<p>Um limiar mais alto erra menos e deixa mais pares para as pessoas decidirem. Os "
        "números são o que o próprio modelo espera dos pares comparados nesta execução, sem "
        "conferência: a amostra de controle (<code>mdm quality</code>) diz o que é verdade. "
        f"{chosen} Cada item de revisão conta {MINUTES_A_QUESTION} minutos; para mudar o erro "
        "tolerado, use <code>mdm link --tolerate</code>.</p>"
        + table("Erro, revocação e revisão esperados por limiar", columns, rows)
    )


def _largest(report: RunReport) -> str:
    rows = [
        [
            f'<span class="id">{escape(shown(found.municipal_id))}</span>',
            number(found.records),
            number(found.sources),
            "–" if found.weakest is None else decimal(found.weakest),
        ]
        for found in report.largest
    ]
    columns = [
        Column("ID municipal", figure=False),
        Column("registros"),
        Column("fontes"),
        Column("ligação mais fraca (bits)"),
    ]
    return "<p>Vale olhar: grupos grandes com ligação fraca.</p>" + table(
        "Os maiores grupos", columns, rows
    )


def _accuracy(accuracy: Accuracy) -> str:
    measures = [
        [
            escape(label(labels.MEASURES, found.measure)),
            percent(found.precision, 2),
            percent(found.recall, 2),
            percent(found.f1, 2),
        ]
        for found in accuracy.measures
    ]
    golden = [
        [
            escape(label(labels.FIELDS, found.attribute)),
            percent(found.right, 2),
            number(found.compared),
        ]
        for found in accuracy.golden
    ]
    extra = [
        ("itens de revisão por mil registros", accuracy.review_per_1000, decimal),
        ("verdadeiros pares entre os candidatos", accuracy.candidate_recall, percent),
    ]
    notes = "".join(
        f"<dt>{title}</dt><dd>{write(value, 2)}</dd>"
        for title, value, write in extra
        if value is not None
    )
    columns = [Column("medida", figure=False), *map(Column, ("precisão", "revocação", "F1"))]
    values = [Column("valor", figure=False), Column("certos"), Column("comparados")]
    return (
        table("Precisão e revocação", columns, measures)
        + (f'<dl class="plain">{notes}</dl>' if notes else "")
        + table("Valores do registro de referência", values, golden)
    )


def _model(report: RunReport) -> str:
    model = report.model
    facts = [
        ("modelo", escape(model.name)),
        ("resumo (hash)", f'<span class="id">{escape(model.digest)}</span>'),
        ("limiar de ligação", f"{decimal(model.link_threshold)} bits"),
        ("limiar de revisão", f"{decimal(model.review_threshold)} bits"),
    ]
    if report.peak_memory_bytes is not None:
        facts.append(("pico de memória", f"{decimal(report.peak_memory_bytes / 2**30, 2)} GiB"))
    listed = "".join(f"<dt>{title}</dt><dd>{value}</dd>" for title, value in facts)
    longest = max((found.seconds for found in report.timings), default=0.0)
    rows = [
        [
            escape(label(labels.STEPS, found.step)),
            decimal(found.seconds),
            bar(found.seconds / longest if longest > 0 else 0.0),
        ]
        for found in report.timings
    ]
    columns = [Column("etapa", figure=False), Column("segundos"), Column("", figure=False)]
    times = table("Tempo por etapa", columns, rows) if rows else NOTHING
    return f'<dl class="plain">{listed}</dl>{times}'
