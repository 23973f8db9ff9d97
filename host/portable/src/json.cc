// The JSON reader and writer of json.h.
#include "json.h"

namespace msl {
namespace {

constexpr int MAX_DEPTH = 32;

class Parser {
public:
  Parser(std::string_view text, std::string &error) : text_(text), error_(error) {}

  bool document(Json &out) {
    if (!value(out, 0))
      return false;
    skip_space();
    return at_ == text_.size() || fail("text after the document");
  }

private:
  bool fail(const char *what) {
    error_ = std::string(what) + " at byte " + decimal(int64_t(at_));
    return false;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected)
      return fail("unknown word");
    at_ += expected.size();
    return true;
  }

  bool value(Json &out, int depth) {
    if (depth > MAX_DEPTH)
      return fail("nesting too deep");
    skip_space();
    if (at_ >= text_.size())
      return fail("unexpected end");
    switch (text_[at_]) {
    case '{':
      return object(out, depth);
    case '[':
      return array(out, depth);
    case '"':
      out.kind = Json::Kind::String;
      return string(out.text);
    case 't':
      out.kind = Json::Kind::Boolean;
      out.boolean = true;
      return word("true");
    case 'f':
      out.kind = Json::Kind::Boolean;
      return word("false");
    case 'n':
      return word("null");
    default:
      out.kind = Json::Kind::Integer;
      return integer(out.integer);
    }
  }

  bool object(Json &out, int depth) {
    out.kind = Json::Kind::Object;
    ++at_;
    skip_space();
    if (take('}'))
      return true;
    while (true) {
      skip_space();
      std::string key;
      if (at_ >= text_.size() || text_[at_] != '"')
        return fail("expected a member name");
      if (!string(key))
        return false;
      if (out.find(key))
        return fail("duplicate member");
      skip_space();
      if (!take(':'))
        return fail("expected ':'");
      out.members.emplace_back(std::move(key), Json{});
      if (!value(out.members.back().second, depth + 1))
        return false;
      skip_space();
      if (take('}'))
        return true;
      if (!take(','))
        return fail("expected ',' or '}'");
    }
  }

  bool array(Json &out, int depth) {
    out.kind = Json::Kind::Array;
    ++at_;
    skip_space();
    if (take(']'))
      return true;
    while (true) {
      out.items.emplace_back();
      if (!value(out.items.back(), depth + 1))
        return false;
      skip_space();
      if (take(']'))
        return true;
      if (!take(','))
        return fail("expected ',' or ']'");
    }
  }

  bool integer(int64_t &out) {
    bool negative = take('-');
    size_t first = at_;
    uint64_t magnitude = 0;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      uint64_t digit = uint64_t(text_[at_] - '0');
      if (magnitude > (uint64_t(INT64_MAX) - digit) / 10)
        return fail("integer out of range");
      magnitude = magnitude * 10 + digit;
      ++at_;
    }
    if (at_ == first)
      return fail("expected a value");
    if (at_ - first > 1 && text_[first] == '0')
      return fail("leading zero");
    if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E'))
      return fail("not an integer");
    out = negative ? -int64_t(magnitude) : int64_t(magnitude);
    return true;
  }

  bool string(std::string &out) {
    ++at_;
    while (at_ < text_.size()) {
      unsigned char c = (unsigned char)text_[at_++];
      if (c == '"')
        return true;
      if (c < 0x20)
        return fail("control character in a string");
      if (c != '\\') {
        out.push_back(char(c));
      } else if (!escape(out)) {
        return false;
      }
    }
    return fail("unterminated string");
  }

  bool escape(std::string &out) {
    if (at_ >= text_.size())
      return fail("unterminated string");
    switch (text_[at_++]) {
    case '"':
      out.push_back('"');
      return true;
    case '\\':
      out.push_back('\\');
      return true;
    case '/':
      out.push_back('/');
      return true;
    case 'b':
      out.push_back('\b');
      return true;
    case 'f':
      out.push_back('\f');
      return true;
    case 'n':
      out.push_back('\n');
      return true;
    case 'r':
      out.push_back('\r');
      return true;
    case 't':
      out.push_back('\t');
      return true;
    case 'u':
      return unicode(out);
    default:
      return fail("unknown escape");
    }
  }

  bool hex4(uint32_t &out) {
    out = 0;
    for (int i = 0; i < 4; ++i) {
      if (at_ >= text_.size())
        return fail("unterminated string");
      char c = text_[at_++];
      uint32_t digit = c >= '0' && c <= '9'   ? uint32_t(c - '0')
                       : c >= 'a' && c <= 'f' ? uint32_t(c - 'a' + 10)
                       : c >= 'A' && c <= 'F' ? uint32_t(c - 'A' + 10)
                                              : 16u;
      if (digit > 15)
        return fail("bad \\u escape");
      out = out * 16 + digit;
    }
    return true;
  }

  bool unicode(std::string &out) {
    uint32_t code = 0;
    if (!hex4(code))
      return false;
    if (code >= 0xd800 && code < 0xdc00) {
      uint32_t low = 0;
      if (!take('\\') || !take('u') || !hex4(low) || low < 0xdc00 || low > 0xdfff)
        return fail("lone surrogate");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      return fail("lone surrogate");
    }
    if (code < 0x80) {
      out.push_back(char(code));
    } else if (code < 0x800) {
      out.push_back(char(0xc0 | (code >> 6)));
      out.push_back(char(0x80 | (code & 63)));
    } else if (code < 0x10000) {
      out.push_back(char(0xe0 | (code >> 12)));
      out.push_back(char(0x80 | ((code >> 6) & 63)));
      out.push_back(char(0x80 | (code & 63)));
    } else {
      out.push_back(char(0xf0 | (code >> 18)));
      out.push_back(char(0x80 | ((code >> 12) & 63)));
      out.push_back(char(0x80 | ((code >> 6) & 63)));
      out.push_back(char(0x80 | (code & 63)));
    }
    return true;
  }

  std::string_view text_;
  std::string &error_;
  size_t at_ = 0;
};

} // namespace

const Json *Json::find(std::string_view key) const {
  for (const auto &member : members)
    if (member.first == key)
      return &member.second;
  return nullptr;
}

bool parse_json(std::string_view text, Json &out, std::string &error) {
  out = Json{};
  return Parser(text, error).document(out);
}

std::string decimal(int64_t value) {
  uint64_t magnitude = value < 0 ? uint64_t(0) - uint64_t(value) : uint64_t(value);
  char digits[24];
  size_t at = sizeof digits;
  do {
    digits[--at] = char('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude);
  if (value < 0)
    digits[--at] = '-';
  return std::string(digits + at, sizeof digits - at);
}

std::string quote_json(std::string_view text) {
  static const char HEX[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    unsigned char byte = (unsigned char)c;
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(HEX[byte >> 4]);
      out.push_back(HEX[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

JsonObject &JsonObject::add_raw(std::string_view key, std::string_view json) {
  if (body_.size() > 1)
    body_ += ", ";
  body_ += quote_json(key);
  body_ += ": ";
  body_ += json;
  return *this;
}

JsonObject &JsonObject::add(std::string_view key, int64_t value) { return add_raw(key, decimal(value)); }
JsonObject &JsonObject::add(std::string_view key, std::string_view value) { return add_raw(key, quote_json(value)); }
JsonObject &JsonObject::add_boolean(std::string_view key, bool value) { return add_raw(key, value ? "true" : "false"); }

} // namespace msl
