"""The grammars of WMT's two marked-up forms, for lxml to judge by: independent of the checker that is tested."""

from __future__ import annotations

from lxml import etree

_ATTRIBUTES = "".join(
    f'<xs:attribute name="{name}" type="xs:string"/>' for name in ("docid", "sysid", "genre", "origlang")
)
_HEAD = "".join(f'<xs:attribute name="{name}" type="xs:string"/>' for name in ("setid", "srclang", "trglang"))
_SGML = f"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="tstset"><xs:complexType><xs:sequence>
    <xs:element name="doc" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="p" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:element name="seg" maxOccurs="unbounded"><xs:complexType><xs:simpleContent>
          <xs:extension base="xs:string"><xs:attribute name="id" type="xs:string"/></xs:extension>
        </xs:simpleContent></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence>{_ATTRIBUTES}</xs:complexType></xs:element>
  </xs:sequence>{_HEAD}</xs:complexType></xs:element>
</xs:schema>"""


def _section(name: str, attribute: str) -> str:
    extra = f'<attribute name="{attribute}"/>'
    optional = extra if name == "hyp" else f"<optional>{extra}</optional>"
    return f"""<element name="{name}"><attribute name="lang"><data type="language"/></attribute>{optional}
      <oneOrMore><element name="p"><zeroOrMore><element name="seg">
        <attribute name="id"><data type="positiveInteger"/></attribute>
        <optional><attribute name="type"/></optional><text/>
      </element></zeroOrMore></element></oneOrMore></element>"""


_XML = f"""
<grammar xmlns="http://relaxng.org/ns/structure/1.0" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><element name="dataset"><attribute name="id"/>
    <zeroOrMore><element name="collection"><attribute name="id"/>
      <oneOrMore><ref name="doc"/></oneOrMore></element></zeroOrMore>
    <zeroOrMore><ref name="doc"/></zeroOrMore>
  </element></start>
  <define name="doc"><element name="doc">
    <attribute name="id"/><attribute name="origlang"><data type="language"/></attribute>
    <optional><attribute name="testsuite"/></optional><optional><attribute name="domain"/></optional>
    {_section("src", "translator")}
    <zeroOrMore>{_section("ref", "translator")}</zeroOrMore>
    <zeroOrMore>{_section("hyp", "system")}</zeroOrMore>
  </element></define>
</grammar>"""

_SCHEMAS = {".sgm": etree.XMLSchema(etree.fromstring(_SGML)), ".xml": etree.RelaxNG(etree.fromstring(_XML))}


def obeys(form: str, data: bytes) -> bool:
    """Returns whether a file is well-formed and obeys its form's grammar."""
    try:
        document = etree.fromstring(data, etree.XMLParser(resolve_entities=False, huge_tree=False))
    except etree.XMLSyntaxError:
        return False
    return bool(_SCHEMAS[form].validate(document))
