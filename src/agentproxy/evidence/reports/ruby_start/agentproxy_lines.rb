# Writes what a runner of Ruby says of its tests, a line of JSON each. It loads no library, since code under test
# could then use it without asking. Syntax of Ruby 2.0.
class AgentProxyLines
  CONTROLS = /["\\\x00-\x1f\x7f\u2028\u2029]/

  # Opened before a test can replace File. Returns nil where no report is wanted.
  def self.open(runner)
    folder = ENV['AGENTPROXY_REPORTS']
    return unless folder
    name = format('%s-%x%05x.jsonl', runner, (Time.now.to_f * 1_000_000).to_i, Process.pid & 0xfffff)
    file = File.open(File.join(folder, name), 'w')
    file.sync = true
    new(file)
  end

  # What a test starts does not report: takes ours out of a variable that Ruby passes on.
  def self.take_out(variable, named_by)
    ours = ENV.delete(named_by)
    return unless ours
    others = ENV[variable].to_s.sub(ours, '').strip
    others.empty? ? ENV.delete(variable) : ENV[variable] = others
    ours
  end

  def initialize(file)
    @file = file
    @process = Process.pid
    write('kind' => 'start', 'files' => [])
  end

  def write(line)
    @file.write(json(line) + "\n") if Process.pid == @process
  rescue StandardError
    nil # the run goes on without a report
  end

  private

  def json(value)
    case value
    when Hash then "{#{value.map { |key, each| "#{json(key)}:#{json(each)}" }.join(',')}}"
    when Array then "[#{value.map { |each| json(each) }.join(',')}]"
    when Integer then value.to_s
    else quoted(value.to_s)
    end
  end

  def quoted(text)
    utf8 = text.encode('UTF-8', invalid: :replace, undef: :replace, replace: '?').scrub('?')
    "\"#{utf8.gsub(CONTROLS) { |each| format('\\u%04x', each.ord) }}\""
  end
end
