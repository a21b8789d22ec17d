"""What must never be, as literals of a graph; the proofs of it are in test_proof."""

from cosim.claims import Claim, claims_against, consistency_claims
from cosim.formal.circuit import read_circuit
from cosim.formal.graph import Graph
from cosim.formal.reference import reference_verilog
from cosim.golden import get_model
from cosim.unit import Unit
from gen.config import make_config
from gen.emit import generate


def of(name, **given):
    config = make_config(name, given)
    artifact = generate(config)
    unit = Unit(artifact.manifest, config.params_dict(), get_model(name))
    return config, unit, artifact.verilog


def test_elements_of_a_matrix_are_compared_one_by_one():
    config, unit, verilog = of("tile", m=2, n=2, k=1, a="int2", b="int2")
    text = reference_verilog(config.name, config.unit, config.params_dict())
    (claim,) = claims_against(config, unit, verilog, read_circuit(text, config.name))
    # The valid port, and four elements, of which each depends on one of a, one of b, and validity.
    assert len(claim.violations) == 5
    for violation in claim.violations[1:]:
        cone = claim.graph.cone(violation)
        assert sum(node in claim.graph.inputs for node in cone) == 5
        assert len(claim.split_of(violation)) == 2


def test_pipelines_are_compared_with_the_unit_without_registers():
    config, unit, verilog = of("convert", x="int4", y="e2m1", stages=2)
    claims = list(consistency_claims(config, unit, verilog))
    assert claims[0].text == "pipelined = combinational"
    assert claims[0].cycles == 3


def test_a_claim_without_a_prefix_is_not_split():
    graph = Graph()
    claim = Claim("x", graph, [graph.input("0.b[0]")], 1)
    assert claim.split_of(claim.violations[0]) == []
