"""What is asked: definitions, headers, schedules, inputs, expected values, their comparison."""
